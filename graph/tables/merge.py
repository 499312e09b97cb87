"""The merge of rows of the same edge. The rule is in graph/tables/columns.py."""

from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.tables.columns import KEY, MAXIMA, SCHEMA, SCORES
from graph.tables.scores import Scores
from schemas.triples import NONE


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of incoming rows."""

    loaded: int = 0
    """New edges."""
    present: int = 0
    """Edges with an earlier row in the store."""
    duplicate: int = 0
    """Further rows of the same edge."""
    none: int = 0
    """Rows with the tail `none`."""

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.loaded + other.loaded,
            self.present + other.present,
            self.duplicate + other.duplicate,
            self.none + other.none,
        )


@dataclass(frozen=True, slots=True)
class MergeResult:
    """Stored and incoming rows as one row per edge."""

    rows: pa.Table
    """The stored edges in their order, then the new ones."""
    stored: int
    """Number of stored edges."""
    differs: Any
    """For each stored edge: True if the incoming rows changed it."""
    counts: Counts
    """Counts of the incoming rows."""

    @property
    def new(self) -> pa.Table:
        """The new edges."""
        return self.rows.slice(self.stored)

    @property
    def changed(self) -> pa.Table:
        """The stored edges with new values."""
        return self.rows.slice(0, self.stored).filter(self.differs)

    @property
    def has_changes(self) -> bool:
        """True if the store must change."""
        return len(self.rows) > self.stored or bool(pc.any(self.differs).as_py())


def merge(stored: pa.Table, incoming: pa.Table) -> MergeResult:
    """Merge rows of the same edge. `stored` has each edge once."""
    total = len(stored) + len(incoming)
    place = pa.array(np.arange(total))
    fresh = pa.array(np.arange(total) >= len(stored)).cast(pa.int32())
    both = pa.concat_tables([stored, incoming])
    scores = Scores(both)
    both = both.append_column("place", place).append_column("fresh", fresh).append_column("score", scores.ranks)
    maxima = [(name, "max") for name in ("score", *MAXIMA)]
    groups = both.group_by(KEY).aggregate([*maxima, ("origins", "distinct"), ("fresh", "sum"), ("place", "min")])
    if len(stored):
        # Arrow does not promise the order of groups. By their first row, the stored edges come first, in their order.
        groups = groups.take(pc.sort_indices(groups.column("place_min")))
    columns = {name: groups.column(name) for name in KEY} | {name: groups.column(f"{name}_max") for name in MAXIMA}
    columns["p_valid"], columns["critic"] = scores.of(groups.column("score_max").combine_chunks())
    columns["origins"] = _union(groups.column("origins_distinct").combine_chunks())
    rows = pa.Table.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA)
    return MergeResult(
        rows=rows,
        stored=len(stored),
        differs=_differs(stored, rows.slice(0, len(stored))),
        counts=_count(rows, groups.column("fresh_sum"), len(stored)),
    )


def _union(distinct: Any) -> pa.Array:
    """Each list of joined origins as one joined text."""
    sizes = pc.list_value_length(distinct)
    if len(distinct) == len(distinct.values):
        return distinct.values
    many = pc.greater(sizes, 1)
    texts = distinct.filter(many).to_pylist()
    union = ["\n".join(sorted({name for text in group for name in text.split("\n")})) for group in texts]
    return pc.replace_with_mask(pc.list_element(distinct, 0), many, pa.array(union, pa.string()))


_NULLS = {"origins": "", "critic": "", "log_prob": inf}
"""Stand-in for null in a comparison: a value outside the column's range. -1 for the other columns."""


def _differs(before: pa.Table, after: pa.Table) -> Any:
    differs: Any = pa.repeat(pa.scalar(False), len(before))
    for name in [*SCORES, "origins"]:
        a, b = (pc.fill_null(table.column(name).combine_chunks(), _NULLS.get(name, -1)) for table in (before, after))
        differs = pc.or_(differs, pc.not_equal(a, b))
    return differs


def _count(edges: pa.Table, hits: Any, stored: int) -> Counts:
    """Counts of incoming rows.

    An edge with h incoming rows counts once as loaded or present, and h - 1 times as duplicate.

    edges: one row per edge, the stored ones first.
    hits: number of incoming rows of each edge.
    stored: number of stored edges.
    """
    is_none = pc.equal(edges.column("tail"), NONE)
    real = pc.filter(hits, pc.invert(is_none))
    none = pc.sum(pc.filter(hits, is_none)).as_py() or 0
    rows = pc.sum(real).as_py() or 0
    real_stored = stored - (pc.sum(is_none.slice(0, stored)).as_py() or 0)
    present = pc.sum(pc.greater(real.slice(0, real_stored), 0)).as_py() or 0
    loaded = len(real) - real_stored
    return Counts(loaded=loaded, present=present, duplicate=rows - loaded - present, none=none)
