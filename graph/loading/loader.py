"""Load files into a store: read and check every row, stage rows on disk, merge them, write them."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from graph.links import MIN_LINK
from graph.loading.cleaning import Filters, is_origin
from graph.loading.compression import COMPRESSED
from graph.loading.formats import check_format
from graph.loading.lines import Source
from graph.loading.reader import read
from graph.loading.rejects import Rejects
from graph.stores.neo4j.bulk_import import write_offline
from graph.stores.protocol import Progress, Store
from graph.tables.columns import SPLIT_NAMES
from graph.tables.merge import Counts
from graph.tables.staging import ROWS_PER_PART, Staging
from schemas.errors import BadFile, BadInput
from schemas.triples import RECALLS, SPLITS

_BYTES_PER_ROW = {False: 60, True: 10}
"""Rough bytes of a row in a plain (False) or compressed (True) file, for the number of staged parts."""
_PARTS_OF_STDIN = 16


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a load, as `cometgraph load --help` explains them."""

    format: str | None = None
    filters: Filters = field(default_factory=Filters)
    origin: str | None = None
    strict: bool = False
    columns: str | None = None
    min_link: float = MIN_LINK
    """Minimum confidence of a link in files of neo4j-admin. A store has its own."""

    def __post_init__(self) -> None:
        """Raises BadInput for a value that is not allowed."""
        check_format(self.format, self.columns)
        if self.filters.split is not None and SPLITS.get(self.filters.split) not in SPLIT_NAMES:
            raise BadInput.of("split", self.filters.split, "one of " + ", ".join(SPLITS))
        if self.filters.recall is not None and self.filters.recall not in RECALLS:
            raise BadInput.of("recall", self.filters.recall, "one of " + ", ".join(RECALLS))
        score = self.filters.min_p_valid
        if score is not None and not 0 <= score <= 1:
            raise BadInput.of("min_p_valid", score, "a number from 0 to 1")
        if self.origin is not None and not is_origin(self.origin):
            raise BadInput.of("origin", self.origin, "a printable name of at most 100 characters")


@dataclass(slots=True)
class Report:
    """Counts of rows: read = loaded + present + duplicate + filtered + none + rejected.

    files: the names of the files.
    read: rows of the files. Each element of a list of tails is a row.
    loaded: new edges.
    present: edges of the store, whose scores and origins were merged.
    duplicate: further rows of an edge in the files.
    filtered: rows left out by --split, --min-p-valid or --recall.
    none: rows of tail none.
    rejected: unusable rows.
    rejected_files: the files with the rejected rows.
    """

    files: list[str]
    read: int = 0
    loaded: int = 0
    present: int = 0
    duplicate: int = 0
    filtered: int = 0
    none: int = 0
    rejected: int = 0
    rejected_files: list[str] = field(default_factory=list[str])
    seconds: float = 0.0

    def add(self, counts: Counts) -> None:
        self.loaded += counts.loaded
        self.present += counts.present
        self.duplicate += counts.duplicate
        self.none += counts.none

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


async def load(
    target: Store | Path,
    inputs: Sequence[Source],
    options: Options,
    progress: Progress,
    *,
    heads: set[str] | None = None,
) -> Report:
    """Load files. Stopped at any moment and run again, the graph is the same as after one load.

    target: a store, or a folder for files of neo4j-admin.
    inputs: the files.
    options: the formats, filters and origin.
    progress: is told of each step, and may raise to stop the load.
    heads: gets the heads of the rows.

    Raises BadFile before anything is stored.
    """
    started = time.perf_counter()
    report = Report([source.name for source in inputs])
    scratch = None if isinstance(target, Path) else target.scratch
    with _folder(scratch) as folder, Staging(folder, _parts(inputs)) as staged:
        await asyncio.to_thread(_stage, inputs, options, staged, report, progress, heads)
        if isinstance(target, Path):
            report.add(await asyncio.to_thread(write_offline, staged, target, options.min_link, progress))
        else:
            report.add(await target.load(staged, progress))  # noqa: ASYNC240 (a store's load, no Path's)
    report.seconds = round(time.perf_counter() - started, 3)
    return report


def _stage(
    inputs: Sequence[Source],
    options: Options,
    staged: Staging,
    report: Report,
    progress: Progress,
    heads: set[str] | None,
) -> None:
    total = sum(source.path.stat().st_size for source in inputs if source.path is not None)
    before = 0
    with Rejects() as rejects:
        for source in inputs:
            for chunk in read(source, options.format, options.filters, options.origin, options.columns):
                if options.strict and chunk.rejects:
                    first = chunk.rejects[0]
                    raise BadFile(source.name, f"line {first.line}: {first.reason}")
                rejects.write(source, chunk.rejects)
                staged.put(chunk.rows)
                if heads is not None:
                    heads.update(pc.unique(chunk.rows.column("head")).to_pylist())
                report.read += chunk.read
                report.filtered += chunk.filtered
                report.rejected += len(chunk.rejects)
                progress("reading", before + chunk.position, total)
            before += source.path.stat().st_size if source.path is not None else 0
    report.rejected_files = rejects.files


@contextmanager
def _folder(scratch: Path | None) -> Generator[Path]:
    """A folder for the staged rows, removed afterwards: the store's own, or a temporary one."""
    if scratch is None:
        with tempfile.TemporaryDirectory(prefix="cometgraph-load-") as name:
            yield Path(name)
        return
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _parts(inputs: Sequence[Source]) -> int:
    """The number of staged parts: one part fits in memory."""
    if any(source.path is None for source in inputs):
        return _PARTS_OF_STDIN
    rows = sum(
        s.path.stat().st_size // _BYTES_PER_ROW[s.path.suffix in COMPRESSED] for s in inputs if s.path is not None
    )
    return 1 + rows // ROWS_PER_PART
