"""Lines of delimited text: CSV (RFC 4180), or tabs without quotes. Quoted cells may hold line breaks."""

import csv
import re
from collections.abc import Callable, Iterator

from graph.loading.lines import MAX_LINE, Block
from graph.loading.raw import RowRejected, text_of

SEPARATORS = ("\t", ",", ";", "|")
MAX_RECORD = 100
"""Most lines of one record. No head or tail has so many, and an unclosed quote must not swallow a file."""

Split = Callable[[str], list[str]]
"""The cells of a record. Raises RowRejected."""
IsRecord = Callable[[bytes], bool]
"""True for lines of one well-formed record."""


def splitter(separator: str) -> Split:
    """The splitting of a record at a separator. Between tabs quotes are text, except around line breaks."""
    cell = rf'(?:[ ]*+"(?:[^"]++|"")*+"|[^"{separator}\r\n]*+)'
    well_formed = re.compile(rf"{cell}(?:[{separator}]{cell})*+")

    def split(text: str) -> list[str]:
        # Quotes are strict: a continuation line of a torn cell must never pass as a row of its own.
        if '"' in text and not well_formed.fullmatch(text):
            raise RowRejected("bad CSV: a quote that is not closed, or within a cell without quotes")
        try:
            return next(csv.reader([text], delimiter=separator, skipinitialspace=True, strict=True), list[str]())
        except csv.Error as error:
            raise RowRejected(f"bad CSV: {error}") from None

    if separator == "\t":
        return lambda text: split(text) if "\n" in text else text.split("\t")
    return split


def record_test(separator: str, split: Split, width: int) -> IsRecord:
    """The test for a record of `width` cells. Lines between tabs are no record if each is one by itself."""

    def is_record(lines: bytes) -> bool:
        try:
            cells = split(text_of(lines.rstrip(b"\r")))
        except RowRejected:
            return False
        is_torn = separator != "\t" or any(line.count(b"\t") != width - 1 for line in lines.split(b"\n"))
        return is_torn and len(cells) == width

    return is_record


def whole_records(blocks: Iterator[Block], is_record: IsRecord) -> Iterator[Block]:
    """Join the lines of each record with line breaks in its quoted cells.

    The record takes the place of its first line and the others become blank, and line numbers stay. A line with an
    unclosed quote and no proper end within MAX_RECORD lines stays as it is: the parser rejects it.

    blocks: the lines of a CSV file.
    is_record: the test of joined lines.
    """
    pending, following, position = list[bytes | None](), 1, 0
    for block in blocks:
        lines = pending + block.lines
        end = _join(lines, is_record, is_last=False)
        if end:
            yield Block(block.first - len(pending), lines[:end], block.position)
        pending = lines[end:]
        following, position = block.first + len(block.lines), block.position
    if pending:
        _join(pending, is_record, is_last=True)
        yield Block(following - len(pending), pending, position)


def _join(lines: list[bytes | None], is_record: IsRecord, *, is_last: bool) -> int:
    """Join records in place. Returns the number of lines before an unfinished record."""
    done = 0
    for start in [n for n, line in enumerate(lines) if line and b'"' in line and line.count(b'"') % 2]:
        if start < done:
            continue
        end = _end(lines, start)
        if end is None:
            if not is_last:
                return start
            continue
        record = b"\n".join(line or b"" for line in lines[start:end])
        if is_record(record):
            lines[start:end] = [record, *[b""] * (end - start - 1)]
            done = end
    return len(lines)


def _end(lines: list[bytes | None], start: int) -> int | None:
    """The end of the record from `start` on, None if the lines run out.

    The quotes of a well-formed record are even in number. Up to a line break in a quoted cell they are odd.
    """
    quotes = size = 0
    for end in range(start, start + MAX_RECORD):
        if end == len(lines):
            return None
        line = lines[end]
        if line is None or (size := size + len(line)) > MAX_LINE:
            break
        quotes += line.count(b'"')
        if quotes % 2 == 0:
            return end + 1
    return start + 1
