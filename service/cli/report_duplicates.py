"""`cometgraph load --report-duplicates`: heads of the loaded files that mean the same. They are told, never merged."""

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson

from distill.judge.judge import Candidate, Judge
from graph.loading.lines import Source
from graph.stores.protocol import Progress as Told
from graph.vectors.protocol import VectorIndex
from schemas.errors import BadInput

_OPTION = "report_duplicates"
_AT_ONCE = 256
"""Heads that are judged between two looks at whether to stop."""
_NEAREST = 10


@dataclass(frozen=True, slots=True)
class Pair:
    """Two heads that mean the same, in the order of their texts, and what the judge says of them."""

    event: str
    same_as: str
    similarity: float
    confidence: float
    reason: str


def check(out: str, *, offline: str | None, match: bool, loaded: Sequence[Source], report: str | None) -> Path:
    """Where the pairs are to be written. Raises BadInput for what cannot be, before anything is stored."""
    if offline:
        raise BadInput.of(_OPTION, out, "allowed with --offline, which makes no index of events")
    if not match:
        raise BadInput.of(_OPTION, out, "allowed with --no-match (COMETGRAPH_MATCH=false): there is no index of events")
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


async def same_heads(heads: AbstractSet[str], index: VectorIndex, judge: Judge, told: Told) -> list[Pair]:
    """The pairs of these heads that the judge finds the same, the surest first. Raises StoreUnavailable.

    Each head is asked as if it were not stored, so a pair may be judged from both sides; the surer verdict is told.
    """
    found: dict[tuple[str, str], Pair] = {}
    ordered = sorted(heads)
    for start in range(0, len(ordered), _AT_ONCE):
        told("comparing the heads", start, len(ordered))
        for pair in await _same(ordered[start : start + _AT_ONCE], heads, index, judge):
            before = found.get((pair.event, pair.same_as))
            if before is None or pair.confidence > before.confidence:
                found[pair.event, pair.same_as] = pair
    told("comparing the heads", len(ordered), len(ordered))
    return sorted(found.values(), key=lambda pair: (-pair.confidence, pair.event, pair.same_as))


async def _same(batch: Sequence[str], heads: AbstractSet[str], index: VectorIndex, judge: Judge) -> list[Pair]:
    """What is found the same as a head of the batch, among the nearest that are heads, too."""
    vectors = await index.vectors(batch)
    asked = [head for head in batch if head in vectors]  # what another process has taken back meanwhile has none
    rows = np.array([vectors[head] for head in asked])
    near = await index.nearest(rows, _NEAREST + 1, generated=True)  # one is the head itself
    candidates = [
        [Candidate(one.event, one.similarity) for one in some if one.event in heads and one.event != head]
        for head, some in zip(asked, near, strict=True)
    ]
    verdicts = await asyncio.to_thread(judge.judge, asked, candidates)
    return [
        Pair(min(head, one.event), max(head, one.event), round(one.similarity, 4), round(one.confidence, 4), one.reason)
        for head, some in zip(asked, verdicts, strict=True)
        for one in some
        if one.same
    ]


def write(pairs: Sequence[Pair], path: Path) -> None:
    """One JSON object a line; the file appears when it is whole. Raises BadInput where it cannot be written."""
    part = _part(path)
    try:
        part.write_bytes(b"".join(orjson.dumps(pair, option=orjson.OPT_APPEND_NEWLINE) for pair in pairs))
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        reason = f"a file that can be written ({error.strerror}); all is loaded"
        raise BadInput.of(_OPTION, str(path), reason) from error


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")
