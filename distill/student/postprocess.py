"""From completions to tails: cleaned (West et al., 2022, section 3.1), merged, ranked."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from distill.engines.engine import Completion
from schemas.events import MAX_TAIL, canonical, tidy
from schemas.triples import NONE, says_none

MIN_CHARACTERS = 3
"""Shorter tails are dropped, as in the code of West et al. (2022)."""

NONE_FROM = math.log(0.5)
"""From this log-probability of `none` on, the relation does not apply: one half."""


@dataclass(frozen=True, slots=True)
class Tail:
    """A tail by a student. log_prob: natural log-probability. rank: from 1."""

    text: str
    log_prob: float
    rank: int


@dataclass(frozen=True, slots=True)
class GeneratedTails:
    """The tails of one event and relation, likeliest first.

    applies: False if `none` is likelier than not, or the only tail.
    none_log_prob: natural log-probability of `none`, if the student wrote it.
    is_cut: True if all completions were cut at the maximum length.
    """

    tails: list[Tail]
    applies: bool
    none_log_prob: float | None = None
    is_cut: bool = False


def clean_tail(text: str, stops: str) -> str:
    """The text up to the first of the characters `stops`: single-spaced, persons canonical, no final full stop."""
    for stop in stops:
        text = text.partition(stop)[0]
    text = tidy(text)
    if not text.endswith(("..", "Mr.", "Dr.")):
        text = text.removesuffix(".").rstrip()
    return _persons(text)


def _persons(text: str) -> str:
    return text if "erson" not in text else canonical(text)


def rank_tails(completions: Iterable[Completion], stops: str) -> GeneratedTails:
    """Clean, merge and rank completions.

    Equal completions count once. The probabilities of different ones with the same clean text are added.
    """
    completions = list(completions)
    # a completion that was cut at the maximum length is used only if there is no other
    whole = [one for one in completions if one.finished] or completions
    sequences = {one.text: one.log_prob for one in whole}
    sums: dict[str, float] = {}
    for text, log_prob in sequences.items():
        tail = clean_tail(text, stops)
        tail = NONE if says_none(tail) else tail
        if MIN_CHARACTERS <= len(tail) <= MAX_TAIL and any(c.isalnum() for c in tail):
            sums[tail] = _add(sums[tail], log_prob) if tail in sums else log_prob
    ordered = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    others = [(text, log_prob) for text, log_prob in ordered if text != NONE]
    applies = NONE not in sums or (sums[NONE] < NONE_FROM and bool(others))
    tails = [Tail(text, round(log_prob, 4), rank) for rank, (text, log_prob) in enumerate(others, 1)]
    return GeneratedTails(
        tails if applies else [], applies, sums.get(NONE), is_cut=not any(c.finished for c in completions)
    )


def _add(a: float, b: float) -> float:
    """log(exp(a) + exp(b)), at most 0 in spite of rounding."""
    return min(0.0, max(a, b) + math.log1p(math.exp(-abs(a - b))))
