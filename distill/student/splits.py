"""Training and validation rows of a student."""

from collections.abc import Sequence
from zlib import crc32

from schemas.triples import Triple

_HELD_OUT = 50
"""Without validation rows, one head in this many validates."""
_VALIDATION_HEADS = 150
"""More heads make each validation slower, and its loss hardly more certain."""


def split_rows(rows: Sequence[Triple]) -> tuple[list[Triple], list[Triple]]:
    """Training and validation rows, by the split of the rows.

    A head with a dev or test row does not train. Without dev rows, one head in fifty validates, of few heads one.
    Test rows are left out.
    """
    reserved = {t.head for t in rows if t.split not in (None, "train")}
    training = [t for t in rows if t.split in (None, "train") and t.head not in reserved]
    validation = [t for t in rows if t.split in ("dev", "val")]
    if validation:
        return training, validation
    heads = sorted({t.head for t in training}, key=lambda head: crc32(head.encode()))
    held_out = {head for head in heads if crc32(head.encode()) % _HELD_OUT == 0} or set(heads[:1])
    return [t for t in training if t.head not in held_out], [t for t in training if t.head in held_out]


def validation_sample(rows: Sequence[Triple]) -> list[Triple]:
    """The triples of at most 150 heads, always the same ones."""
    heads = set(sorted({t.head for t in rows}, key=lambda head: crc32(head.encode()))[:_VALIDATION_HEADS])
    return [t for t in rows if t.head in heads]
