"""Triples as Arrow columns, and the one rule by which two rows about the same edge become one.

A row has small codes in place of names, chosen so that merging is taking the largest of each column:

- `p_valid`: the higher score wins; a score beats none.
- `valid`: a label beats none, a judgement beats "no judgement" (-9), the more sceptical of two wins.
- `rec_*`: kept at that recall by either.
- `split`: test beats dev beats val beats train, so that no test triple becomes a training one.
- `log_prob`: the higher one wins; one beats none.
- `origins`: all of both.

The largest-of is commutative, associative and idempotent: the order of files, and loading one twice, change nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import BadInput
from schemas.relations import RELATIONS
from schemas.triples import NONE, RECALLS, STUDENT, Triple

RELATION_NAMES: list[str] = [relation.value for relation in RELATIONS]
RELATION_CODE: dict[str, int] = {name: code for code, name in enumerate(RELATION_NAMES)}
SPLIT_NAMES = ["train", "val", "dev", "test"]
SPLIT_CODE: dict[str, int] = {name: code for code, name in enumerate(SPLIT_NAMES)}
VALID_LABELS = [-9, 2, 1, -1, -2]
VALID_CODE: dict[int, int] = {label: code for code, label in enumerate(VALID_LABELS)}
REC_COLUMNS = ["rec_" + level.replace(".", "_") for level in RECALLS]

KEY = ["head", "relation", "tail"]
SCORES = ["split", "p_valid", "valid", *REC_COLUMNS, "log_prob"]
SCHEMA = pa.schema(
    [
        ("head", pa.string()),
        ("relation", pa.int8()),
        ("tail", pa.string()),
        ("split", pa.int8()),
        ("p_valid", pa.float64()),
        ("valid", pa.int8()),
        *((name, pa.int8()) for name in REC_COLUMNS),
        ("log_prob", pa.float64()),
        ("origins", pa.string()),
    ]
)
"""One row an edge; `origins` is the sorted names joined by line feeds. A tail `none` is a row like others."""

Row = tuple[str, int, str, int | None, float | None, int | None, int | None, int | None, int | None, int | None,
            int | None, float | None, str]  # fmt: skip


def table_of(rows: Iterable[Row]) -> pa.Table:
    """Rows in SCHEMA's order as a table."""
    columns = list(zip(*rows, strict=True)) or [()] * len(SCHEMA)
    return pa.Table.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )


def row_of(triple: Triple) -> Row:
    """A triple as a row. Raises BadInput where it has no origin; its other values are taken as valid."""
    if not triple.origins:
        raise BadInput.of("origins", triple.origins, "at least one name: every triple comes from somewhere")
    split = None if triple.split is None else SPLIT_CODE[triple.split]
    valid = None if triple.valid is None else VALID_CODE[triple.valid]
    a, b, c, d, e = (None if kept is None else int(kept) for kept in triple.recalls)
    origins = "\n".join(sorted(set(triple.origins)))
    return (triple.head, RELATION_CODE[triple.relation], triple.tail, split, triple.p_valid, valid, a, b, c, d, e,
            triple.log_prob, origins)  # fmt: skip


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


def heads_by_data(rows: pa.Table) -> pa.Array:
    """The heads of which not only students say something."""
    encoded = rows.column("origins").combine_chunks().dictionary_encode()
    texts: list[str] = encoded.dictionary.to_pylist()
    by_data = [not all(name.startswith(STUDENT) for name in text.split("\n")) for text in texts]
    return pc.unique(rows.column("head").filter(pc.take(pa.array(by_data, pa.bool_()), encoded.indices)))


def empty() -> pa.Table:
    """No rows."""
    return SCHEMA.empty_table()


# What stores write and read: names in place of codes.

PROPERTIES = pa.schema(
    [
        ("p_valid", pa.float64()),
        ("split", pa.string()),
        ("valid", pa.int8()),
        *((name, pa.bool_()) for name in REC_COLUMNS),
        ("log_prob", pa.float64()),
        ("origins", pa.list_(pa.string())),
    ]
)
"""The properties of an edge, in the order in which stores keep them."""

_SPLITS = pa.array(SPLIT_NAMES)
_LABELS = pa.array(VALID_LABELS, pa.int8())


def properties(rows: pa.Table) -> list[pa.Array]:
    """The columns of PROPERTIES for rows."""
    column = {name: rows.column(name).combine_chunks() for name in [*SCORES, "origins"]}
    return [
        column["p_valid"],
        pc.take(_SPLITS, column["split"]),
        pc.take(_LABELS, column["valid"]),
        *(pc.cast(column[name], pa.bool_()) for name in REC_COLUMNS),
        column["log_prob"],
        _split_origins(column["origins"]),
    ]


def from_properties(heads: pa.Array, relations: pa.Array, tails: pa.Array, columns: Sequence[pa.Array]) -> pa.Table:
    """The rows that `properties` came from. `relations` are codes."""
    p_valid, split, valid, *recs, log_prob, origins = columns
    codes = [pc.cast(pc.index_in(valid, _LABELS), pa.int8()), *(pc.cast(rec, pa.int8()) for rec in recs)]
    split_code = pc.cast(pc.index_in(split, _SPLITS), pa.int8())
    return pa.Table.from_arrays(
        [heads, relations, tails, split_code, p_valid, *codes, log_prob, pc.binary_join(origins, "\n")], schema=SCHEMA
    )


def _split_origins(joined: pa.Array) -> pa.Array:
    """Texts of line-feed joined names as lists; the few distinct texts are split once each."""
    encoded = joined.dictionary_encode()
    names = pa.array([text.split("\n") if text else [] for text in encoded.dictionary.to_pylist()],
                     pa.list_(pa.string()))  # fmt: skip
    return pc.take(names, encoded.indices)


def triples_of(rows: pa.Table) -> list[Triple]:
    """Rows as triples."""
    names = list(RELATIONS)
    found: list[Triple] = []
    for head, relation, tail, p_valid, split, valid, *recs, log_prob, origins in zip(
        *(rows.column(name).to_pylist() for name in KEY), *(c.to_pylist() for c in properties(rows)), strict=True
    ):
        found.append(Triple(head, names[relation], tail, split, p_valid, valid, tuple(recs), tuple(origins), log_prob))
    return found
