"""Requests to a teacher: a few-shot text to continue, the same in a chat message, or an instruction."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from distill.teacher.choices import Choice

Form = Literal["completions", "chat", "instructions"]
"""Form of the requests.

completions: the text of the examples, to be continued. For base models.
chat: the same text in a message. For instruction-tuned models.
instructions: a message without examples. For strong instruction-tuned models.
"""

_MARK = re.compile(r"^\s*(?:[-*•–]+|\(?\d{1,3}[.):])\s*")
_QUOTED = re.compile(r'^(["“])(.*)["”]([.!?]?)$')


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampling of the completions of a call. max_tokens: of one completion."""

    n: int
    max_tokens: int
    temperature: float
    top_p: float
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0


@dataclass(frozen=True, slots=True)
class TeacherModel:
    """A model and the form of its requests.

    url: its server's address, or "in-process".
    extra: further members of a request's body, such as `reasoning_effort`. They replace members of the same name. A
        member of None is left out, and `max_tokens` beside `max_completion_tokens`.
    """

    url: str
    name: str
    form: Form = "completions"
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])


def request(model: TeacherModel, text: str, sampling: Sampling, seed: int) -> dict[str, Any]:
    """Path and body of a request. text: the text to continue, or the message."""
    body: dict[str, Any] = {
        "model": model.name,
        "n": sampling.n,
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": seed,
    }
    if sampling.presence_penalty or sampling.frequency_penalty:
        body |= {"presence_penalty": sampling.presence_penalty, "frequency_penalty": sampling.frequency_penalty}
    if model.form == "completions":
        body |= {"prompt": text, "stop": ["\n"], "logprobs": 1}
        path = "/completions"
    else:
        body |= {"messages": [{"role": "user", "content": text}], "logprobs": True}
        path = "/chat/completions"
    if "max_completion_tokens" in model.extra:
        del body["max_tokens"]
    body = {name: value for name, value in (body | dict(model.extra)).items() if value is not None}
    return {"path": path, "body": body}


def completion_tokens(body: Mapping[str, Any]) -> int:
    """The most tokens that all completions of a request can have."""
    most = body.get("max_completion_tokens") or body["max_tokens"]
    return int(most) * max(int(body.get("n") or 1), int(body.get("best_of") or 1))


def lines_of(form: Form, choice: Choice) -> list[tuple[str, bool]]:
    """The lines that a completion gives, without numbers, bullets and quotation marks around them.

    All lines of a reply to an instruction, else the first one. The second value is False for a line that is cut at the
    maximum length: the last one of a completion that is.
    """
    raw = choice.text.lstrip().split("\n")
    lines = [(_bare(line), choice.finished or n < len(raw)) for n, line in enumerate(raw, 1)]
    lines = [(line, is_whole) for line, is_whole in lines if line]
    return lines if form == "instructions" else lines[:1]


def _bare(line: str) -> str:
    line = _MARK.sub("", line).strip()
    return _QUOTED.sub(r"\2\3", line).strip()
