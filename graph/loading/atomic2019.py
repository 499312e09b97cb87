"""ATOMIC-2019's CSV (Sap et al., 2019): an event a line, one column a relation, each cell a list of tails."""

from collections.abc import Sequence

from graph.loading.delimited import record_test, splitter
from graph.loading.lines import Source
from graph.loading.list_cells import elements
from graph.loading.raw import NO_RECALLS, FirstLine, Layout, Raw, RowRejected, text_of
from graph.loading.tables import header_cells
from graph.tables.columns import RELATION_CODE
from schemas.errors import BadFile


def is_atomic2019(line: bytes) -> bool:
    """True for a header with a column `event` and a relation."""
    names = set(header_cells(line)[1])
    return "event" in names and bool(RELATION_CODE.keys() & names)


def atomic2019_layout(source: Source, first: FirstLine) -> Layout:
    """How to read the file. Raises BadFile for missing columns."""
    try:
        text_of(first.line)
    except RowRejected as error:
        raise BadFile(source.name, f"the header is no CSV: {error}") from error
    separator, names = header_cells(first.line)
    split = splitter(separator)
    relations = [(n, name) for n, name in enumerate(names) if name in RELATION_CODE]
    if "event" not in names or not relations:
        raise BadFile(source.name, "the header names no column event, or no relation")
    event = names.index("event")
    split_column = names.index("split") if "split" in names else None

    def parse(line: bytes) -> Sequence[Raw]:
        cells = split(text_of(line))
        if len(cells) != len(names):
            raise RowRejected(f"{len(cells)} columns, where {len(names)} are expected")
        provenance = (source.split if split_column is None else cells[split_column], None, NO_RECALLS, None, None)
        head = cells[event]
        return [Raw(head, name, tail, None, provenance) for n, name in relations for tail in elements(name, cells[n])]

    return Layout(parse, first.number + 1, record_test(separator, split, len(names)))
