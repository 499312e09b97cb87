"""Writing the embedded graph: a few rows in a transaction, or many by building a new graph file beside the old one.

Measured on ladybug 0.22: single statements in one transaction write about 15,000 edges a second; COPY is ten times
faster on empty tables but rewrites most of a table that has rows, and what it writes is durable only with the
checkpoint after it. So a large load reads the old graph, merges, and copies everything once into a new file; the
store's manifest then names the new one. Whatever stops it in between, the old graph is untouched.
"""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import ladybug
import pyarrow as pa
import pyarrow.compute as pc

from graph.links import inferences_reading, links, readings
from graph.stores.embedded import cypher
from graph.stores.embedded.fulltext import TextIndex
from graph.stores.protocol import Progress
from graph.tables.columns import (
    KEY,
    PROPERTIES,
    RELATION_CODE,
    RELATION_NAMES,
    empty,
    from_properties,
    heads_by_data,
    properties,
)
from graph.tables.edges import AS_EVENT, EDGE_TABLES, by_edge_table, ends
from graph.tables.merge import Counts, merge
from graph.tables.staging import Staging
from schemas.relations import RELATIONS
from schemas.triples import NONE

SMALL = 20_000
"""Rows that are added one by one rather than by a rebuild, if the graph is not empty."""


def is_small(rows: int, events: int) -> bool:
    """True where adding row by row is quicker than building the graph anew."""
    return events > 0 and rows <= SMALL


def create_graph(path: Path, buffer_pool: int) -> None:
    """An empty graph file with the whole schema."""
    database = ladybug.Database(path, buffer_pool_size=buffer_pool)
    connection = ladybug.Connection(database)
    _create_schema(connection)
    connection.close()
    database.close()


def _create_schema(connection: ladybug.Connection) -> None:
    for statement in cypher.SCHEMA:
        connection.execute(statement)
    for info in RELATIONS.values():
        said = {"name": info.name.value, "phrase": info.phrase, "grp": info.group, "whose": info.whose}
        connection.execute(cypher.RELATION, said)


def add_rows(connection: ladybug.Connection, index: TextIndex, incoming: pa.Table) -> Counts:
    """Merge rows into the graph, all or none of them."""
    heads = pc.unique(incoming.column("head")).to_pylist()
    connection.execute("BEGIN TRANSACTION")
    try:
        known = {head for head in heads if connection.execute(cypher.KNOWN, {"text": head}).has_next()}
        merged = merge(_edges_of(connection, sorted(known)), incoming)
        generated = dict.fromkeys(heads, True) | dict.fromkeys(heads_by_data(merged.rows).to_pylist(), False)
        indexed = index.generated(sorted(known))
        turning = [head for head in known if indexed.get(head) is not generated[head]]
        if turning:
            # Before the graph changes: an opening that finds the marks asks the graph, whichever of the two was done.
            index.mark(turning)
        events = [head for head in heads if head not in known]
        tails = [tail for tail in pc.unique(merged.new.column("tail")).to_pylist() if tail != NONE]
        new_tails = [t for t in tails if not connection.execute(cypher.INFERENCE_KNOWN, {"text": t}).has_next()]
        for text in events:
            connection.execute(cypher.ADD_EVENT, {"text": text})
        for text in new_tails:
            connection.execute(cypher.ADD_INFERENCE, {"text": text})
        _write_edges(connection, merged.new, create=True)
        _write_edges(connection, merged.changed, create=False)
        pairs = [(i, e) for e in events for i in inferences_reading(e)] + [
            (i, e) for i in new_tails for e in readings(i)
        ]
        for inference, event in dict.fromkeys(pairs):
            connection.execute(cypher.ADD_AS_EVENT, {"inference": inference, "event": event})
        connection.execute("COMMIT")
    except BaseException:
        with suppress(RuntimeError):  # some failures have ended the transaction by themselves
            connection.execute("ROLLBACK")
        raise
    index.put({head: generated[head] for head in [*events, *turning]})
    return merged.counts


def _write_edges(connection: ladybug.Connection, rows: pa.Table, *, create: bool) -> None:
    names = [field.name for field in PROPERTIES]
    columns = [column.to_pylist() for column in properties(rows)]
    keys = (rows.column(name).to_pylist() for name in KEY)
    for head, code, tail, *said in zip(*keys, *columns, strict=True):
        relation = RELATION_NAMES[int(code)]
        is_none = tail == NONE
        connection.execute(
            cypher.edge(None if is_none else relation, create=create),
            {"head": head, "tail": relation if is_none else tail} | dict(zip(names, said, strict=True)),
        )


def _edges_of(connection: ladybug.Connection, heads: list[str]) -> pa.Table:
    """All stored rows of some events."""
    found: list[list[object]] = []
    for head in heads:
        for name, *edge in connection.execute(cypher.ALL_TAILS, {"event": head}).get_all():
            found.append([head, RELATION_CODE[name], *edge])
        for name, *said in connection.execute(cypher.NONES, {"event": head}).get_all():
            found.append([head, RELATION_CODE[name], NONE, *said])
    if not found:
        return empty()
    head, relation, tail, *said = zip(*found, strict=True)
    columns = [pa.array(column, field.type) for column, field in zip(said, PROPERTIES, strict=True)]
    return from_properties(
        pa.array(head, pa.string()), pa.array(relation, pa.int8()), pa.array(tail, pa.string()), columns
    )


def stored_rows(connection: ladybug.Connection, progress: Progress) -> Iterator[pa.Table]:
    """Every stored row, one relation at a time."""
    for done, name in enumerate([None, *RELATION_NAMES]):
        progress("reading the stored graph", done, len(RELATION_NAMES) + 1)
        edges = connection.execute(cypher.scan(name)).get_as_arrow()
        if len(edges) == 0:
            continue
        column = {field: edges.column(field).combine_chunks() for field in edges.column_names}
        if name is None:
            codes = pc.cast(pc.index_in(column["tail"], pa.array(RELATION_NAMES)), pa.int8())
            tails = pa.repeat(pa.scalar(NONE), len(edges))
        else:
            codes, tails = pa.repeat(pa.scalar(RELATION_CODE[name], pa.int8()), len(edges)), column["tail"]
        said = [pc.cast(column[field.name], field.type) for field in PROPERTIES]
        yield from_properties(column["head"], codes, tails, said)


def rebuild(
    staged: Staging, graph: Path, index: Path, buffer_pool: int, progress: Progress, *, anyway: bool = False
) -> tuple[Counts, bool]:
    """Build a graph file and its text index of all that is staged; False where nothing had to change.

    anyway: build it also of stored rows that nothing changes.
    Memory holds one part of the staging, or one relation, at a time, and the texts of all nodes.
    """
    counts, news = Counts(), False
    events: list[pa.Array] = []
    by_data: list[pa.Array] = []
    tails = pa.array([], pa.string())
    with ExitStack() as files:
        writers = {
            name: files.enter_context(pa.ipc.new_file(_merged(staged, name), empty().schema)) for name in EDGE_TABLES
        }
        for done, part in enumerate(staged.read()):
            progress("merging", done, staged.parts)
            merged = merge(part.stored, part.incoming)
            counts += merged.counts
            news = news or merged.is_news
            for name, rows in by_edge_table(merged.rows):
                writers[name].write_table(rows)
            events.append(pc.unique(merged.rows.column("head")))
            by_data.append(heads_by_data(merged.rows))
            tails = pc.unique(pa.concat_arrays([tails, pc.unique(merged.rows.column("tail"))]))
    if not (news or anyway):
        return counts, False
    for path in (graph, index):
        path.unlink(missing_ok=True)
    heads = pa.concat_arrays(events)
    _copy_graph(staged, heads, tails.filter(pc.not_equal(tails, NONE)), graph, buffer_pool, progress)
    progress("indexing the events", 0, 0)
    generated: list[bool] = pc.invert(pc.is_in(heads, pa.concat_arrays(by_data))).to_pylist()
    TextIndex.create(index, dict(zip(heads.to_pylist(), generated, strict=True))).close()
    return counts, True


def _merged(staged: Staging, name: str) -> str:
    """The file of the merged rows of one edge table: mapped while it is copied, and then no more."""
    return str(staged.folder / f"merged-{name}.arrow")


def _copy_graph(
    staged: Staging, events: pa.Array, tails: pa.Array, path: Path, buffer_pool: int, progress: Progress
) -> None:
    database = ladybug.Database(path, buffer_pool_size=buffer_pool)
    connection = ladybug.Connection(database)

    def copy(name: str, table: pa.Table) -> None:
        if len(table):
            connection.execute(cypher.copy(name), {"rows": table})

    _create_schema(connection)
    copy("Event", pa.table({"text": events}))
    copy("Inference", pa.table({"text": tails}))
    copy(AS_EVENT, links(tails, events))
    for done, name in enumerate(EDGE_TABLES):
        progress("writing the graph", done, len(EDGE_TABLES))
        with pa.memory_map(_merged(staged, name)) as file:
            copy(name, _edge_table(name, pa.ipc.open_file(file).read_all()))
    connection.close()
    database.close()


def _edge_table(name: str, rows: pa.Table) -> pa.Table:
    said = dict(zip((field.name for field in PROPERTIES), properties(rows), strict=True))
    return pa.table({"head": rows.column("head"), "tail": ends(name, rows)} | said)
