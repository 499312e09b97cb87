"""`cometgraph load --report-duplicates`: pairs of loaded heads with the same meaning. They are never merged."""

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson

from distill.judge.judge import Candidate, Judge
from graph.loading.lines import Source
from graph.vectors.protocol import VectorIndex
from schemas.errors import BadInput
from schemas.progress import Progress

_OPTION = "report_duplicates"
_AT_ONCE = 256
"""Heads between two reports of progress, and so between two chances to stop."""
_NEAREST = 10


@dataclass(frozen=True, slots=True)
class Pair:
    """Two heads with the same meaning, in alphabetical order, and the judge's verdict."""

    event: str
    same_as: str
    similarity: float
    confidence: float
    reason: str


def check(out: str, *, offline: str | None, match: bool, loaded: Sequence[Source], report: str | None) -> Path:
    """The path of the pairs. Raises BadInput before anything is stored."""
    if offline:
        raise _without_index(out, "--offline")
    if not match:
        raise _without_index(out, "--no-match (COMETGRAPH_MATCH=false)")
    others = [source.path for source in loaded if source.path is not None] + ([Path(report)] if report else [])
    try:
        path = Path(out).resolve()
        if not path.parent.is_dir() or (path.exists() and not path.is_file()):
            raise BadInput.of(_OPTION, out, "a plain file in a folder that exists")
        if path in [other.resolve() for other in others]:
            raise BadInput.of(_OPTION, out, "a file of its own: it is loaded, or is the --report")
        _part(path).write_bytes(b"")
        _part(path).unlink()
    except OSError as error:
        raise BadInput.of(_OPTION, out, f"a file that can be written ({error.strerror})") from error
    return path


async def same_heads(heads: AbstractSet[str], index: VectorIndex, judge: Judge, progress: Progress) -> list[Pair]:
    """The pairs of heads with the same meaning, highest confidence first. Raises StoreUnavailable.

    A pair may be judged from both sides. The verdict with the higher confidence counts.
    """
    pairs: dict[tuple[str, str], Pair] = {}
    ordered = sorted(heads)
    for start in range(0, len(ordered), _AT_ONCE):
        progress("comparing the heads", start, len(ordered))
        for pair in await _same(ordered[start : start + _AT_ONCE], heads, index, judge):
            earlier = pairs.get((pair.event, pair.same_as))
            if earlier is None or pair.confidence > earlier.confidence:
                pairs[pair.event, pair.same_as] = pair
    progress("comparing the heads", len(ordered), len(ordered))
    return sorted(pairs.values(), key=lambda pair: (-pair.confidence, pair.event, pair.same_as))


async def _same(batch: Sequence[str], heads: AbstractSet[str], index: VectorIndex, judge: Judge) -> list[Pair]:
    """The pairs of a head of the batch and one of its nearest heads."""
    vectors = await index.vectors(batch)
    stored = [head for head in batch if head in vectors]  # another process may have deleted some meanwhile
    rows = np.array([vectors[head] for head in stored])
    near = await index.nearest(rows, _NEAREST + 1, generated=True)  # one is the head itself
    candidates = [
        [Candidate(one.event, one.similarity) for one in some if one.event in heads and one.event != head]
        for head, some in zip(stored, near, strict=True)
    ]
    verdicts = await asyncio.to_thread(judge.judge, stored, candidates)
    return [
        Pair(min(head, one.event), max(head, one.event), round(one.similarity, 4), round(one.confidence, 4), one.reason)
        for head, some in zip(stored, verdicts, strict=True)
        for one in some
        if one.same
    ]


def write(pairs: Sequence[Pair], path: Path) -> None:
    """Write one JSON object a line. The file appears once it is whole. Raises BadInput."""
    part = _part(path)
    try:
        part.write_bytes(b"".join(orjson.dumps(pair, option=orjson.OPT_APPEND_NEWLINE) for pair in pairs))
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        reason = f"a file that can be written ({error.strerror}); all is loaded"
        raise BadInput.of(_OPTION, str(path), reason) from error


def _without_index(out: str, flag: str) -> BadInput:
    message = f"{_OPTION}: it needs the index of events, and {flag} makes none"
    return BadInput.of(_OPTION, out, f"left out with {flag}", message)


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")
