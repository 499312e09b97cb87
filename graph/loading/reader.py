"""All rows of a file, in chunks: clean rows, the count of filtered ones, and the rejected ones with line and reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import pyarrow as pa

from graph.loading.cleaning import Cleaner, Filters, Row
from graph.loading.delimited import whole_records
from graph.loading.formats import NAMED_BY_FILE, first_line, layout, sniff
from graph.loading.lines import Block, Source, opened
from graph.loading.raw import Layout, RowRejected
from schemas.errors import BadFile


@dataclass(frozen=True, slots=True)
class Reject:
    """A rejected row."""

    line: int
    reason: str
    row: str


@dataclass(slots=True)
class Chunk:
    """The rows of some lines. `read` counts clean rows, filtered ones and rejects."""

    rows: pa.Table
    read: int
    filtered: int
    rejects: list[Reject]
    position: int


def read(
    source: Source, format: str | None, filters: Filters, origin: str | None, columns: str | None = None
) -> Iterator[Chunk]:
    """All rows of a source, in chunks.

    source: the file.
    format: its format, None: told from its first line.
    filters: the rows to load.
    origin: the origin of all rows, None: as the rows, the format or the file's name say.
    columns: the value of `--columns`.

    Raises BadFile for an unreadable file, BadInput for bad `columns`.
    """
    with opened(source) as blocks:
        block = next(blocks, None)
        if block is None:
            if format is None:
                raise BadFile(source.name, "empty, so its format cannot be told; name it by --format to load it anyway")
            return
        first = first_line(source, block)
        format = format or sniff(source, first.line, columns)
        rows = layout(format, source, first, columns)
        cleaner = Cleaner(filters, origin, source.stem if format in NAMED_BY_FILE else format)
        blocks = chain([block], blocks)
        for whole in blocks if rows.is_record is None else whole_records(blocks, rows.is_record):
            yield _chunk(whole, rows, cleaner)


def _chunk(block: Block, layout: Layout, cleaner: Cleaner) -> Chunk:
    rows: list[Row] = []
    rejects: list[Reject] = []
    read = filtered = 0
    clean, parse, start = cleaner.clean, layout.parse, layout.start
    for number, line in enumerate(block.lines, block.first):
        if number < start or (line is not None and not line.strip(b" \r")):
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
