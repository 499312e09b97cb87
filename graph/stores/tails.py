"""The tails of rows of triples, as they are linked to events."""

import pyarrow as pa
import pyarrow.compute as pc

from graph.links import Tail
from graph.links.report import tails_of
from graph.tables.columns import RELATION_NAMES
from schemas.relations import Relation
from schemas.triples import NONE


def tails_of_rows(rows: pa.Table) -> list[Tail]:
    """The tails of rows, each text once in each reading."""
    pairs = rows.select(["relation", "tail"]).filter(pc.not_equal(rows.column("tail"), NONE))
    texts: dict[Relation, list[str]] = {}
    for code, tail in zip(*(pairs.column(name).to_pylist() for name in ("relation", "tail")), strict=True):
        texts.setdefault(Relation(RELATION_NAMES[code]), []).append(tail)
    return tails_of(texts)
