"""A triple: head, relation, tail, with its scores and where it comes from."""

from math import inf
from typing import NamedTuple

from schemas.relations import ORDER, Relation

RECALLS = ("0.5", "0.6", "0.7", "0.8", "0.9")
"""The critic's recall levels that ATOMIC-10x carries: `rec_0.5` is true where the triple is kept at recall 0.5."""

SPLITS = {name: name for name in ("train", "val", "dev", "test")} | {"trn": "train", "tst": "test"}
"""Names of splits as data sets write them, and as we keep them."""

NONE = "none"
"""The tail that says: this relation does not apply to this event."""

STUDENT = "student:"
"""What the origin of a student's triples begins with; its name follows."""

_NONE_SPELLINGS = frozenset({"none", "n/a", "na"})


def says_none(tail: str) -> bool:
    """True for the ways in which annotators wrote "does not apply": none, NONE, n/a, na."""
    return len(tail) <= 5 and tail.removesuffix(".").casefold() in _NONE_SPELLINGS


class Triple(NamedTuple):
    """One edge of the graph; all but the first three may be unknown.

    p_valid: the critic's probability that the triple is valid, 0 to 1; valid: the human label
    (2, 1 valid; -1, -2 not; -9 no judgement); recalls: for 0.5, 0.6, 0.7, 0.8, 0.9 whether the critic
    keeps it at that recall; origins: data sets or models that say so, sorted; log_prob: the natural
    logarithm of the probability that the student gives the tail after the prompt, None for what no
    student wrote. A tail `none` means that the relation does not apply to the head.
    """

    head: str
    relation: Relation
    tail: str
    split: str | None = None
    p_valid: float | None = None
    valid: int | None = None
    recalls: tuple[bool | None, ...] = (None,) * len(RECALLS)
    origins: tuple[str, ...] = ()
    log_prob: float | None = None


def is_generated(triple: Triple) -> bool:
    """True for what students alone say."""
    origins = triple.origins
    # The first origin decides for nearly every triple, and lookups ask this of each one.
    return bool(origins) and origins[0].startswith(STUDENT) and all(name.startswith(STUDENT) for name in origins)


def rank(triple: Triple) -> tuple[float, int, float, str, int]:
    """Sort key of the one order of inferences.

    p_valid, then how many origins, then log_prob, then text (code points), then relation. Without a score, or a
    log_prob, a triple comes after those that have one.
    """
    score = -1.0 if triple.p_valid is None else triple.p_valid
    log_prob = -inf if triple.log_prob is None else triple.log_prob
    return (-score, -len(triple.origins), -log_prob, triple.tail, ORDER[triple.relation])
