"""Tables of triples: one triple a line, in columns that a header or `--columns` names."""

from collections.abc import Sequence

from graph.loading.delimited import SEPARATORS, Split, record_test, splitter
from graph.loading.lines import Source
from graph.loading.list_cells import elements
from graph.loading.raw import NO_RECALLS, FirstLine, Layout, Raw, RowRejected, quote, text_of
from graph.tables.columns import RELATION_CODE
from schemas.errors import BadFile, BadInput

PASSED_OVER = "_"

_TRIPLE = ("head", "relation", "tail")
_NAMES = {"head": "head", "event": "head", "relation": "relation", "rel": "relation", "tail": "tail",
          "inference": "tail", "tails": "tails", "split": "split", "p_valid": "p_valid",
          "p_valid_model": "p_valid"}  # fmt: skip
_RELATION_HEADERS = frozenset({"relation", "rel", "predicate", "label", "property", "edge", "type"})
"""Names of the relation column in files of all kinds: with `--columns`, a first line with one of them is a header."""


def check_columns(text: str) -> list[str]:
    """The columns of `--columns`, in order, "" for one to pass over. Raises BadInput."""
    columns = [
        "" if name == PASSED_OVER else _NAMES.get(name, "?") for name in map(str.lower, map(str.strip, text.split(",")))
    ]
    used = [name for name in columns if name]
    if "?" in used or len(used) != len(set(used)) or {"tail", "tails"} <= set(used) or _missing(used):
        allowed = "head, relation and tail in any order, with split, p_valid, or _ for a column to pass over"
        raise BadInput.of("columns", text, allowed)
    return columns


def is_table(line: bytes) -> bool:
    """True for a header with at least two of head, relation and tail, or for a triple with an ATOMIC relation."""
    cells = header_cells(line)[1]
    return len(_missing(_column_names(cells))) <= 1 or (len(cells) == len(_TRIPLE) and cells[1] in RELATION_CODE)


def header_cells(line: bytes) -> tuple[str, list[str]]:
    """The separator of a first line, and its cells without blanks. No cells: not one separator reads the line.

    A line with a tab is split there. Otherwise the separator with the most names of columns and relations is taken,
    and of several the one with the most cells.
    """
    text = line.decode("utf-8", "replace")
    readings = {separator: _cells(splitter(separator), text) for separator in SEPARATORS}
    if "\t" in text:
        return "\t", readings["\t"]

    def rank(separator: str) -> tuple[int, int]:
        cells = readings[separator]
        return sum(cell in RELATION_CODE or cell.lower() in _NAMES for cell in cells), len(cells)

    separator = max(SEPARATORS[1:], key=rank)
    return separator, readings[separator]


def table_layout(source: Source, first: FirstLine, columns: Sequence[str] | None) -> Layout:
    """How to read a table.

    source: the file.
    first: its first line.
    columns: the names of its columns, None: as the header says, or head, relation, tail.

    Raises BadFile for missing columns.
    """
    separator, cells = header_cells(first.line)
    names, width, has_header = _columns(source, cells, columns)
    split = splitter(separator)
    place = {name: n for n, name in enumerate(names) if name}
    head, relation, score, part = place["head"], place["relation"], place.get("p_valid"), place.get("split")
    has_lists = "tail" not in place
    tail = place["tails" if has_lists else "tail"]
    hint = "" if has_header or columns is not None else ": name them by --columns"

    def parse(line: bytes) -> Sequence[Raw]:
        cells = split(text_of(line))
        if len(cells) != width:
            raise RowRejected(f"{len(cells)} columns, where {width} are expected{hint}")
        p_valid = None if score is None else _score(cells[score])
        provenance = ((part is not None and cells[part]) or source.split, None, NO_RECALLS, None, None)
        if not has_lists:
            return (Raw(cells[head], cells[relation], cells[tail], p_valid, provenance),)
        tails = elements("tails", cells[tail])
        return [Raw(cells[head], cells[relation], text, p_valid, provenance) for text in tails]

    return Layout(parse, first.number + has_header, record_test(separator, split, width))


def _columns(source: Source, cells: list[str], columns: Sequence[str] | None) -> tuple[Sequence[str], int, bool]:
    """The names of the first columns, the number of all columns, and True if the first line is a header."""
    if columns is not None:
        if len(cells) < len(columns):
            raise BadFile(source.name, f"{len(cells)} columns, where --columns names {len(columns)}")
        return columns, len(cells), cells[columns.index("relation")].lower() in _RELATION_HEADERS
    names = _column_names(cells)
    if any(cell in RELATION_CODE for cell in cells) or not any(names):
        if len(cells) < len(_TRIPLE):
            raise BadFile(source.name, f"{len(cells)} columns, where head, relation, tail are expected")
        return _TRIPLE, len(_TRIPLE), False
    if missing := _missing(names):
        raise BadFile(source.name, "the header names no column " + ", ".join(missing))
    return names, len(cells), True


def _score(cell: str) -> float | None:
    try:
        return float(cell) if cell else None
    except ValueError:
        raise RowRejected(f"p_valid: {quote(cell)} is not a number from 0 to 1") from None


def _cells(split: Split, text: str) -> list[str]:
    try:
        return [cell.strip() for cell in split(text)]
    except RowRejected:
        return []


def _column_names(cells: Sequence[str]) -> list[str]:
    return [_NAMES.get(cell.lower(), "") for cell in cells]


def _missing(names: Sequence[str]) -> list[str]:
    return [name for name in _TRIPLE if name not in names and not (name == "tail" and "tails" in names)]
