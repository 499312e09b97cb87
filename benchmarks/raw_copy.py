"""The graph database's own bulk import, nothing else: python -m benchmarks.raw_copy PARQUET_FOLDER DATABASE

Into the schema of the embedded store go the same nodes and edges that `cometgraph load` makes of the same rows, but for
its links between inferences and events, which are no rows of the file.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import ladybug
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from graph.loading.lines import sources
from graph.loading.reader import Filters, read
from graph.stores.embedded import cypher
from graph.stores.embedded.graph_file import BUFFER_POOL
from graph.tables.columns import KEY, PROPERTIES, RELATION_CODE, RELATION_NAMES, empty, properties
from graph.tables.edges import NOT_APPLICABLE
from graph.tables.merge import merge
from schemas.relations import RELATIONS
from schemas.triples import NONE

_ROW_GROUP = 100_000
"""Small enough that both of two cores have work."""


def prepare(file: str, folder: Path) -> int:
    """Write the Parquet files for what `file` says, each edge once; returns how many edges that are."""
    folder.mkdir()
    said = [chunk.rows for source in sources([file]) for chunk in read(source, None, Filters(), None)]
    rows = merge(empty(), pa.concat_tables([empty(), *said])).rows
    for name, table in _tables(rows):
        if len(table):
            pq.write_table(table, folder / f"{name}.parquet", row_group_size=_ROW_GROUP)
    return len(rows)


def _tables(rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    is_none = pc.equal(rows.column("tail"), NONE)
    yield "Event", pa.table({"text": pc.unique(rows.column("head"))})
    yield "Inference", pa.table({"text": pc.unique(rows.filter(pc.invert(is_none)).column("tail"))})
    for name in RELATION_NAMES:
        chosen = pc.and_not(pc.equal(rows.column("relation"), RELATION_CODE[name]), is_none)
        yield name, _edges(rows.filter(chosen))
    nones = _edges(rows.filter(is_none))
    names = pc.take(pa.array(RELATION_NAMES), rows.filter(is_none).column("relation"))
    yield NOT_APPLICABLE, nones.set_column(1, "tail", names)


def _edges(rows: pa.Table) -> pa.Table:
    head, _, tail = (rows.column(name) for name in KEY)
    return pa.Table.from_arrays([head, tail, *properties(rows)], names=["head", "tail", *PROPERTIES.names])


def copy(folder: Path, path: Path) -> float:
    """Seconds from opening the new database to having closed it."""
    started = time.perf_counter()
    database = ladybug.Database(path, buffer_pool_size=BUFFER_POOL)
    connection = ladybug.Connection(database)
    for statement in cypher.SCHEMA:
        connection.execute(statement)
    for info in RELATIONS.values():
        said = {"name": info.name.value, "phrase": info.phrase, "grp": info.group, "whose": info.whose}
        connection.execute(cypher.RELATION, said)
    for name in ("Event", "Inference", *RELATION_NAMES, NOT_APPLICABLE):
        file = folder / f"{name}.parquet"
        if file.exists():
            connection.execute(f"COPY {name} FROM '{file}'")
    connection.close()
    database.close()
    return time.perf_counter() - started


if __name__ == "__main__":
    print(f"{copy(Path(sys.argv[1]), Path(sys.argv[2])):.3f}")
