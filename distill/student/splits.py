"""Training and validation rows of a student."""

from collections.abc import Sequence
from zlib import crc32

from schemas.triples import Triple

_HELD_OUT = 50
"""One head in so many validates where the files name no validation rows."""
_VALIDATING = 150
"""Heads that validate: more cost time at each look, and change little."""


def parted(rows: Sequence[Triple]) -> tuple[list[Triple], list[Triple]]:
    """Train and dev rows as the files say; without dev rows one head in fifty is held out. Test rows are left alone."""
    kept_apart = {t.head for t in rows if t.split not in (None, "train")}
    training = [t for t in rows if t.split in (None, "train") and t.head not in kept_apart]
    validation = [t for t in rows if t.split in ("dev", "val")]
    if validation:
        return training, validation
    held = {t.head for t in training if crc32(t.head.encode()) % _HELD_OUT == 0}
    return [t for t in training if t.head not in held], [t for t in training if t.head in held]


def few(rows: Sequence[Triple]) -> list[Triple]:
    """The triples of some heads, the same ones each time."""
    heads = sorted({t.head for t in rows}, key=lambda head: crc32(head.encode()))[:_VALIDATING]
    chosen = set(heads)
    return [t for t in rows if t.head in chosen]
