"""Features of a pair from a comparison by words, for the head of the cross-encoder."""

from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from distill.judge.rules import EventWords

WIDTH = 12


def features(
    asked: Sequence[EventWords], stored: Sequence[EventWords], similarities: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Features, (pairs, WIDTH), of about -1 to 2. They are symmetric in the two events.

    asked, stored: one event of each pair.
    similarities: cosines, (pairs,).
    """
    rows = [_row(a, b, float(s)) for a, b, s in zip(asked, stored, similarities, strict=True)]
    return np.array(rows, dtype=np.float32).reshape(len(rows), WIDTH)


def _row(a: EventWords, b: EventWords, similarity: float) -> list[float]:
    first, second = set(a.content), set(b.content)
    common, either = len(first & second), len(first | second)
    fewer, more = sorted((len(first - second), len(second - first)))
    return [
        4 * similarity - 3,
        8 * max(0.0, similarity - 0.9),
        common / max(1, either),
        min(common, 4) / 2,
        min(fewer, 3) / 2,
        min(more, 4) / 2,
        float(fewer == 0),
        SequenceMatcher(None, *sorted((a.text, b.text)), autojunk=False).ratio(),
        float(_is_blank(a) and _is_blank(b)),
        float(_is_blank(a) != _is_blank(b)),
        float(_has_person(a) and _has_person(b)),
        float(_has_person(a) != _has_person(b)),
    ]


def _is_blank(side: EventWords) -> bool:
    return "__" in side.text


def _has_person(side: EventWords) -> bool:
    return any(token.startswith("Person") for token in side.tokens)
