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

import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import BadInput
from schemas.relations import RELATIONS
from schemas.triples import RECALLS, STUDENT, Triple

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


def heads_by_data(rows: pa.Table) -> pa.Array:
    """The heads of which not only students say something."""
    encoded = rows.column("origins").combine_chunks().dictionary_encode()
    texts: list[str] = encoded.dictionary.to_pylist()
    by_data = [not all(name.startswith(STUDENT) for name in text.split("\n")) for text in texts]
    return pc.unique(rows.column("head").filter(pc.take(pa.array(by_data, pa.bool_()), encoded.indices)))


def empty() -> pa.Table:
    """No rows."""
    return SCHEMA.empty_table()


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
