"""The edge tables of a bulk import: one for each relation, and NOT_APPLICABLE for the tail `none`."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from graph.tables.columns import RELATION_CODE, RELATION_NAMES
from schemas.triples import NONE

NOT_APPLICABLE = "NOT_APPLICABLE"
AS_EVENT = "AS_EVENT"
EDGE_TABLES = [*RELATION_NAMES, NOT_APPLICABLE]


def by_edge_table(rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each edge table. Every row is in exactly one."""
    is_none = pc.equal(rows.column("tail"), NONE)
    for name in RELATION_NAMES:
        yield name, rows.filter(pc.and_not(pc.equal(rows.column("relation"), RELATION_CODE[name]), is_none))
    yield NOT_APPLICABLE, rows.filter(is_none)


def ends(name: str, rows: pa.Table) -> pa.ChunkedArray:
    """The end nodes of an edge table: texts of inferences, or relation names for NOT_APPLICABLE."""
    if name == NOT_APPLICABLE:
        return pc.take(pa.array(RELATION_NAMES), rows.column("relation"))
    return rows.column("tail")
