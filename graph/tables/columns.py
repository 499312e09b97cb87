"""Triples as Arrow columns. Their codes define the merge of two rows of the same edge.

A row has small codes in place of names. The merge takes the maximum of each column, in an order of its own:

- `p_valid` with its `critic`: a score beats null, one that came with a data set beats a critic's, the higher one beats
  the other (graph/tables/scores.py).
- `valid`: a label beats null, a judgement beats "no judgement" (-9), the more sceptical judgement beats the other.
- `rec_*`: true beats false, false beats null.
- `split`: test beats dev beats val beats train. So no test triple becomes a training triple.
- `log_prob`: the higher one. A number beats null.
- `origins`: the union of both.

The maximum is commutative, associative and idempotent. So neither the order of files nor a second load changes the
graph.
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
MAXIMA = ["split", "valid", *REC_COLUMNS, "log_prob"]
"""Columns with the maximum as their merge."""
SCORES = ["p_valid", *MAXIMA, "critic"]
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
        ("critic", pa.string()),
    ]
)
"""One row per edge. `origins`: the sorted names, joined by line feeds. A tail `none` is a row too."""
Row = tuple[str, int, str, int | None, float | None, int | None, int | None, int | None, int | None, int | None,
            int | None, float | None, str, str | None]  # fmt: skip


def table_of(rows: Iterable[Row]) -> pa.Table:
    """A table of rows. Their values are in the order of SCHEMA."""
    columns = list(zip(*rows, strict=True)) or [()] * len(SCHEMA)
    return pa.Table.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )


def row_of(triple: Triple) -> Row:
    """A triple as a row. Raises BadInput without an origin. It does not check the other values."""
    if not triple.origins:
        raise BadInput.of("origins", triple.origins, "at least one name of a data set or model")
    split = None if triple.split is None else SPLIT_CODE[triple.split]
    valid = None if triple.valid is None else VALID_CODE[triple.valid]
    a, b, c, d, e = (None if recall is None else int(recall) for recall in triple.recalls)
    origins = "\n".join(sorted(set(triple.origins)))
    return (triple.head, RELATION_CODE[triple.relation], triple.tail, split, triple.p_valid, valid, a, b, c, d, e,
            triple.log_prob, origins, triple.critic)  # fmt: skip


def heads_by_data(rows: pa.Table) -> pa.Array:
    """The heads with at least one row of a data set."""
    encoded = rows.column("origins").combine_chunks().dictionary_encode()
    texts: list[str] = encoded.dictionary.to_pylist()
    by_data = [not all(name.startswith(STUDENT) for name in text.split("\n")) for text in texts]
    return pc.unique(rows.column("head").filter(pc.take(pa.array(by_data, pa.bool_()), encoded.indices)))


def empty() -> pa.Table:
    """A table without rows."""
    return SCHEMA.empty_table()


PROPERTIES = pa.schema(
    [
        ("p_valid", pa.float64()),
        ("split", pa.string()),
        ("valid", pa.int8()),
        *((name, pa.bool_()) for name in REC_COLUMNS),
        ("log_prob", pa.float64()),
        ("origins", pa.list_(pa.string())),
        ("critic", pa.string()),
    ]
)
"""The properties of an edge, in the order of the stores."""
_SPLITS = pa.array(SPLIT_NAMES)
_LABELS = pa.array(VALID_LABELS, pa.int8())


def properties(rows: pa.Table) -> list[pa.Array]:
    """The columns of PROPERTIES, with codes as names."""
    column = {name: rows.column(name).combine_chunks() for name in [*SCORES, "origins"]}
    return [
        column["p_valid"],
        pc.take(_SPLITS, column["split"]),
        pc.take(_LABELS, column["valid"]),
        *(pc.cast(column[name], pa.bool_()) for name in REC_COLUMNS),
        column["log_prob"],
        _split_origins(column["origins"]),
        column["critic"],
    ]


def from_properties(heads: pa.Array, relations: pa.Array, tails: pa.Array, columns: Sequence[pa.Array]) -> pa.Table:
    """The inverse of `properties`. `relations` are codes."""
    p_valid, split, valid, *recs, log_prob, origins, critic = columns
    codes = [pc.cast(pc.index_in(valid, _LABELS), pa.int8()), *(pc.cast(rec, pa.int8()) for rec in recs)]
    split_code = pc.cast(pc.index_in(split, _SPLITS), pa.int8())
    names = pc.binary_join(origins, "\n")
    return pa.Table.from_arrays(
        [heads, relations, tails, split_code, p_valid, *codes, log_prob, names, critic], schema=SCHEMA
    )


def _split_origins(joined: pa.Array) -> pa.Array:
    """Lists of names from line-feed joined texts. It splits each distinct text once, as there are few."""
    encoded = joined.dictionary_encode()
    names = pa.array([text.split("\n") if text else [] for text in encoded.dictionary.to_pylist()],
                     pa.list_(pa.string()))  # fmt: skip
    return pc.take(names, encoded.indices)


def triples_of(rows: pa.Table) -> list[Triple]:
    """Rows as triples."""
    relations = list(RELATIONS)
    triples: list[Triple] = []
    for head, code, tail, p_valid, split, valid, *recs, log_prob, names, critic in zip(
        *(rows.column(name).to_pylist() for name in KEY), *(c.to_pylist() for c in properties(rows)), strict=True
    ):
        recalls, origins = tuple(recs), tuple(names)
        triples.append(Triple(head, relations[code], tail, split, p_valid, valid, recalls, origins, log_prob, critic))
    return triples
