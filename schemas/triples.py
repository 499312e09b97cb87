"""A triple: head, relation and tail, with its scores and origins."""

from collections.abc import Callable, Sequence
from math import inf
from typing import Literal, NamedTuple

from schemas.relations import ORDER, Relation

RECALLS = ("0.5", "0.6", "0.7", "0.8", "0.9")
"""The critic's recall levels in ATOMIC-10x: `rec_0.5` is true if the critic keeps the triple at recall 0.5."""

SPLITS = {name: name for name in ("train", "val", "dev", "test")} | {"trn": "train", "tst": "test"}
"""Split names in data sets, each with its stored name."""

NONE = "none"
"""The tail with the meaning: this relation does not apply to this event."""

Order = Literal["default", "p_valid"]
"""Orders of inferences: `rank`, or by p_valid alone first."""

View = Literal["third", "first"]
"""Grammatical person of sentences: the others, or PersonX as the speaker."""

STUDENT = "student:"
"""Prefix of a student's origin. The student's name follows."""

_NONE_SPELLINGS = frozenset({"none", "n/a", "na"})


def says_none(tail: str) -> bool:
    """True for the annotators' spellings of "does not apply": none, NONE, n/a, na."""
    return len(tail) <= 5 and tail.removesuffix(".").casefold() in _NONE_SPELLINGS


class Triple(NamedTuple):
    """One edge of the graph. None stands for an unknown value."""

    head: str
    """The event."""
    relation: Relation
    tail: str
    """The inference, or NONE."""
    split: str | None = None
    """One of the values of SPLITS."""
    p_valid: float | None = None
    """The critic's probability of a valid triple, 0 to 1."""
    valid: int | None = None
    """Human label: 2 and 1 valid, -1 and -2 invalid, -9 no judgement."""
    recalls: tuple[bool | None, ...] = (None,) * len(RECALLS)
    """For each of RECALLS: True if the critic keeps the triple at this recall."""
    origins: tuple[str, ...] = ()
    """Names of its data sets and models, sorted."""
    log_prob: float | None = None
    """Natural logarithm of the tail's probability under the student, given the prompt. None without a student."""
    critic: str | None = None
    """NAME@VERSION of the critic behind `p_valid`. None: the score came with a data set, or there is none."""


def is_generated(triple: Triple) -> bool:
    """True for a triple with students as its only origins."""
    return is_of_students(triple.origins)


def is_of_students(origins: Sequence[str]) -> bool:
    """True for origins that are all students. False without any."""
    # The first origin decides for nearly every triple, and every lookup calls this for each of its triples.
    return bool(origins) and origins[0].startswith(STUDENT) and all(name.startswith(STUDENT) for name in origins)


def rank(triple: Triple) -> tuple[float, int, float, str, int]:
    """Sort key of inferences, best first.

    In this order: p_valid, number of origins, log_prob, text (by code points), relation. A triple without p_valid
    or log_prob comes last. A critic's p_valid of a generated triple does not count: its student has an order of its
    own.
    """
    score = triple.p_valid
    if score is None or (triple.critic is not None and is_generated(triple)):
        score = -1.0
    log_prob = -inf if triple.log_prob is None else triple.log_prob
    return (-score, -len(triple.origins), -log_prob, triple.tail, ORDER[triple.relation])


def _by_p_valid(triple: Triple) -> tuple[float, tuple[float, int, float, str, int]]:
    """The same with the p_valid of every triple first."""
    return (1.0 if triple.p_valid is None else -triple.p_valid, rank(triple))


def sort_key(order: Order) -> Callable[[Triple], tuple[object, ...]]:
    """The sort key of an order."""
    return rank if order == "default" else _by_p_valid
