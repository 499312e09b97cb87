"""The one rule by which rows about the same edge become one."""

from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.tables.columns import KEY, SCHEMA, SCORES
from schemas.triples import NONE


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of rows: new edges, edges that were stored before, further rows of the same edge, `none` rows."""

    loaded: int = 0
    present: int = 0
    duplicate: int = 0
    none: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.loaded + other.loaded,
            self.present + other.present,
            self.duplicate + other.duplicate,
            self.none + other.none,
        )


@dataclass(frozen=True, slots=True)
class Merged:
    """Stored and incoming rows, one row an edge.

    rows: first the `known` stored edges in the order in which they came, then the new ones;
    differs: which of the stored ones the incoming rows changed (boolean, length `known`).
    """

    rows: pa.Table
    known: int
    differs: Any
    counts: Counts

    @property
    def new(self) -> pa.Table:
        return self.rows.slice(self.known)

    @property
    def changed(self) -> pa.Table:
        return self.rows.slice(0, self.known).filter(self.differs)

    @property
    def is_news(self) -> bool:
        """True where the store must change."""
        return len(self.rows) > self.known or bool(pc.any(self.differs).as_py())


def merge(stored: pa.Table, incoming: pa.Table) -> Merged:
    """Join rows about the same edge by the rule of this module. `stored` has each edge once."""
    total = len(stored) + len(incoming)
    place = pa.array(np.arange(total))
    fresh = pa.array(np.arange(total) >= len(stored)).cast(pa.int32())
    both = pa.concat_tables([stored, incoming]).append_column("place", place).append_column("fresh", fresh)
    groups = both.group_by(KEY).aggregate(
        [*((name, "max") for name in SCORES), ("origins", "distinct"), ("fresh", "sum"), ("place", "min")]
    )
    if len(stored):
        # By their first row: the stored edges come first, in the order in which they came.
        groups = groups.take(pc.sort_indices(groups.column("place_min")))
    one = pa.Table.from_arrays(
        [groups.column(name) for name in KEY]
        + [groups.column(f"{name}_max") for name in SCORES]
        + [_union(groups.column("origins_distinct").combine_chunks())],
        schema=SCHEMA,
    )
    return Merged(
        rows=one,
        known=len(stored),
        differs=_differs(stored, one.slice(0, len(stored))),
        counts=_count(one, groups.column("fresh_sum"), len(stored)),
    )


def _union(distinct: Any) -> pa.Array:
    """Lists of joined origins as one joined text each."""
    sizes = pc.list_value_length(distinct)
    if len(distinct) == len(distinct.values):
        return distinct.values
    many = pc.greater(sizes, 1)
    texts = distinct.filter(many).to_pylist()
    union = ["\n".join(sorted({name for text in group for name in text.split("\n")})) for group in texts]
    return pc.replace_with_mask(pc.list_element(distinct, 0), many, pa.array(union, pa.string()))


_NOTHING = {"origins": "", "log_prob": inf}
"""What stands for null in a column, where -1 will not do: a value that the column never has."""


def _differs(before: pa.Table, after: pa.Table) -> Any:
    differs: Any = pa.repeat(pa.scalar(False), len(before))
    for name in [*SCORES, "origins"]:
        nothing = _NOTHING.get(name, -1)
        a, b = (pc.fill_null(table.column(name).combine_chunks(), nothing) for table in (before, after))
        differs = pc.or_(differs, pc.not_equal(a, b))
    return differs


def _count(one: pa.Table, hits: Any, known: int) -> Counts:
    """An edge hit by h rows counts once as loaded or present, h - 1 times as duplicate; `none` rows all as none."""
    is_none = pc.equal(one.column("tail"), NONE)
    real = pc.filter(hits, pc.invert(is_none))
    none = pc.sum(pc.filter(hits, is_none)).as_py() or 0
    rows = pc.sum(real).as_py() or 0
    real_known = known - (pc.sum(is_none.slice(0, known)).as_py() or 0)
    present = pc.sum(pc.greater(real.slice(0, real_known), 0)).as_py() or 0
    loaded = len(real) - real_known
    return Counts(loaded=loaded, present=present, duplicate=rows - loaded - present, none=none)
