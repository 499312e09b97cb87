"""From drafts to tails: cleaned as the paper cleans its teacher's, equal ones merged, ranked."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from distill.engines.engine import Completion
from schemas.events import MAX_TAIL, canonical, tidy
from schemas.triples import NONE, says_none

MIN_CHARACTERS = 3
"""Shorter tails are dropped (paper, released code)."""

NONE_FROM = math.log(0.5)
"""A relation does not apply where the student finds that likelier than not."""


@dataclass(frozen=True, slots=True)
class Tail:
    """What follows, by a student. log_prob: natural logarithm of the probability that it says so; rank from 1."""

    text: str
    log_prob: float
    rank: int


@dataclass(frozen=True, slots=True)
class GeneratedTails:
    """The tails of one event and relation, likeliest first.

    applies: False where `none` is likelier than not, or all that was written.
    is_cut: none of them ended by itself before the longest length.
    """

    tails: list[Tail]
    applies: bool
    none_log_prob: float | None = None
    is_cut: bool = False


def cleaned(text: str, stops: str) -> str:
    """A draft's text up to the first stop, single-spaced, persons as we write them, one final full stop dropped."""
    for stop in stops:
        text = text.partition(stop)[0]
    text = tidy(text)
    if not text.endswith(("..", "Mr.", "Dr.")):
        text = text.removesuffix(".").rstrip()
    return _persons(text)


def _persons(text: str) -> str:
    return text if "erson" not in text else canonical(text)


def merged(drafts: Iterable[Completion], stops: str) -> GeneratedTails:
    """Clean and rank. The same sequence drawn twice counts once; different ones that clean to one text are added up."""
    drafts = list(drafts)
    # A tail that was cut off at the longest length is half a thought; better that than nothing at all.
    whole = [draft for draft in drafts if draft.finished] or drafts
    sequences = {draft.text: draft.log_prob for draft in whole}
    sums: dict[str, float] = {}
    for text, log_prob in sequences.items():
        tail = cleaned(text, stops)
        tail = NONE if says_none(tail) else tail
        if MIN_CHARACTERS <= len(tail) <= MAX_TAIL and any(c.isalnum() for c in tail):
            sums[tail] = _add(sums[tail], log_prob) if tail in sums else log_prob
    ordered = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    others = [(text, log_prob) for text, log_prob in ordered if text != NONE]
    applies = NONE not in sums or (sums[NONE] < NONE_FROM and bool(others))
    tails = [Tail(text, round(log_prob, 4), rank) for rank, (text, log_prob) in enumerate(others, 1)]
    return GeneratedTails(tails if applies else [], applies, sums.get(NONE), is_cut=not any(d.finished for d in drafts))


def _add(a: float, b: float) -> float:
    """log(exp(a) + exp(b)), at most 0 against rounding."""
    return min(0.0, max(a, b) + math.log1p(math.exp(-abs(a - b))))
