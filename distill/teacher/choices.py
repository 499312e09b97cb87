"""Choices of a teacher's reply. A pure function of the stored reply, so a better parser costs no call."""

import math
from dataclasses import dataclass
from typing import Any

import orjson

from distill.teacher.calls import Reply


@dataclass(frozen=True, slots=True)
class Choice:
    """One completion of a reply.

    finished: False if it was cut at the maximum length.
    log_prob: mean natural log-probability of its tokens. None if the server gives none.
    """

    text: str
    finished: bool
    log_prob: float | None = None


def choices(reply: Reply) -> list[Choice]:
    """All completions with a text, in order. Empty for a reply that is no completion."""
    try:
        listed: Any = orjson.loads(reply.body)["choices"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return []
    parsed = [_choice(one) for one in listed] if isinstance(listed, list) else []
    return [one for one in parsed if one is not None]


def is_useful(reply: Reply) -> bool:
    """False for a reply without a completion."""
    return bool(choices(reply))


def _choice(choice: Any) -> Choice | None:
    """A choice of /completions or of /chat/completions. None without a text."""
    try:
        text = choice["text"] if "text" in choice else choice["message"]["content"]
        finished = choice.get("finish_reason") == "stop"
    except (AttributeError, KeyError, TypeError):
        return None
    if not isinstance(text, str) or not text.strip():
        return None
    return Choice(text, finished, _mean_log_prob(choice.get("logprobs")))


def _mean_log_prob(log_probs: Any) -> float | None:
    if not isinstance(log_probs, dict):
        return None
    values: Any = log_probs.get("token_logprobs")
    if values is None and isinstance(content := log_probs.get("content"), list):
        values = [token.get("logprob") if isinstance(token, dict) else None for token in content]
    if not isinstance(values, list):
        return None
    numbers = [float(value) for value in values if isinstance(value, int | float) and math.isfinite(value)]
    return sum(numbers) / len(numbers) if numbers else None
