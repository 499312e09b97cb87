"""All rows of a file, in chunks: clean rows, how many were filtered, and the rejected ones with line and reason."""

import gc
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

import pyarrow as pa

from graph.loading.cleaning import Clean, Cleaner, Filters
from graph.loading.formats import Parse, RowRejected, parser, sniff
from graph.loading.lines import Block, Source, opened
from schemas.errors import BadFile


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that is no triple."""

    line: int
    reason: str
    row: str


@dataclass(slots=True)
class Chunk:
    """What some lines said. `read` counts rows: clean ones, filtered ones and rejects."""

    rows: pa.Table
    read: int
    filtered: int
    rejects: list[Reject]
    position: int


def read(source: Source, format: str | None, filters: Filters, origin: str | None) -> Iterator[Chunk]:
    """All rows of a source, in chunks. Raises BadFile where the file as a whole is not readable."""
    # Millions of live rows make each collection of the garbage collector long, and leave it nothing to find.
    with opened(source) as blocks, _no_garbage_collection():
        first = next(blocks, None)
        if first is None:
            if format is None:
                raise BadFile(source.name, "empty, so its format cannot be told; name it by --format to load it anyway")
            return
        format = format or sniff(source, first)
        parse, header = parser(format, source, first)
        cleaner = Cleaner(filters, origin, source.stem if format == "triples" else format)
        for block in chain([first], blocks):
            yield _chunk(block, parse, cleaner, header if block is first else 0)


@contextmanager
def _no_garbage_collection() -> Generator[None]:
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _chunk(block: Block, parse: Parse, cleaner: Cleaner, skip: int) -> Chunk:
    rows: list[Clean] = []
    rejects: list[Reject] = []
    read = filtered = 0
    clean = cleaner.clean
    for number, line in enumerate(block.lines, block.first):
        if number < block.first + skip or (line is not None and not line.strip(b" \r")):
            continue
        try:
            if line is None:
                raise RowRejected("over-long line (over 1 MiB)")
            raws = parse(line.rstrip(b"\r"))
        except RowRejected as why:
            read += 1
            rejects.append(_reject(number, why, line))
            continue
        for raw in raws:
            read += 1
            try:
                row = clean(raw)
            except RowRejected as why:
                rejects.append(_reject(number, why, line))
                continue
            if row is None:
                filtered += 1
            else:
                rows.append(row)
    return Chunk(cleaner.table(rows), read, filtered, rejects, block.position)


def _reject(number: int, why: RowRejected, line: bytes | None) -> Reject:
    return Reject(number, str(why), "" if line is None else line[:2000].decode("utf-8", "replace"))
