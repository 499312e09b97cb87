"""Writing the embedded graph: a few rows in a transaction, or many into a new graph file beside the old one.

Measured on ladybug 0.22: single statements in one transaction write about 15,000 edges a second. COPY is ten times
faster on empty tables, but it rewrites most of a table with rows, and its rows are durable only after a checkpoint. So
a large load reads the old graph, merges, and copies everything into a new file. Then the manifest of the store names
the new file. A stop in between leaves the old graph intact.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import ladybug
import pyarrow as pa
import pyarrow.compute as pc

from graph.links import Tail, best_links, table_of_links
from graph.stores.common_cypher import STORED_RELATIONS
from graph.stores.embedded import cypher
from graph.stores.embedded.fulltext import TextIndex
from graph.stores.embedded.link_index import LinkIndex
from graph.stores.embedded.links import link_rows
from graph.stores.embedded.transaction import transaction
from graph.stores.tails import tails_of_rows
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
from schemas.progress import Progress
from schemas.relations import RELATIONS
from schemas.triples import NONE, Triple

SMALL = 20_000
"""Up to this number of rows, a load into a graph with events adds them one by one."""
_ALL_TAILS = cypher.relation_queries(RELATION_NAMES).all_tails
"""A writer has a table for each relation."""


def is_small(rows: int, events: int) -> bool:
    """True if adding rows one by one is faster than a new graph file."""
    return events > 0 and rows <= SMALL


def create_graph(path: Path, buffer_pool: int) -> None:
    """Create an empty graph file."""
    database = ladybug.Database(path, buffer_pool_size=buffer_pool)
    connection = ladybug.Connection(database)
    _create_schema(connection)
    connection.close()
    database.close()


def update_graph(path: Path, buffer_pool: int) -> None:
    """Bring the tables of an outdated graph file up to date. After a stop, a second call completes it."""
    database = ladybug.Database(path, buffer_pool_size=buffer_pool)
    connection = ladybug.Connection(database)
    for statement in cypher.ADD_LINK_PROPERTIES:
        connection.execute(statement)
    connection.close()
    database.close()


def _create_schema(connection: ladybug.Connection) -> None:
    for statement in cypher.SCHEMA:
        connection.execute(statement)
    _add_relations(connection)


def add_relations(database: ladybug.Database) -> None:
    """Add a table for each new relation, and bring its node up to date with its description."""
    with ladybug.Connection(database) as connection:
        _add_relations(connection)


def _add_relations(connection: ladybug.Connection) -> None:
    stored = {name: row for name, *row in connection.execute(STORED_RELATIONS).get_all()}
    for info in RELATIONS.values():
        if stored.get(info.name.value) != [info.phrase, info.group, info.whose]:
            # The table first: whoever reads the node may rely on it.
            connection.execute(cypher.relation_table(info.name.value))
            properties = {"name": info.name.value, "phrase": info.phrase, "grp": info.group, "whose": info.whose}
            connection.execute(cypher.SET_RELATION, properties)


def add_rows(
    connection: ladybug.Connection, index: TextIndex, keys: LinkIndex, incoming: pa.Table, min_link: float
) -> Counts:
    """Merge rows into the graph. All or nothing. min_link: the minimum confidence of a link."""
    tails_to_link = tails_of_rows(incoming)
    heads = pc.unique(incoming.column("head")).to_pylist()
    keys.put(tails_to_link, heads)  # first: a key without its text does no harm
    with transaction(connection):
        stored = {head for head in heads if connection.execute(cypher.EVENT, {"text": head}).has_next()}
        merged = merge(edges_of(connection, sorted(stored)), incoming)
        generated = dict.fromkeys(heads, True) | dict.fromkeys(heads_by_data(merged.rows).to_pylist(), False)
        flags = index.generated(sorted(stored))
        to_update = [head for head in stored if flags.get(head) is not generated[head]]
        if to_update:
            # Before the change of the graph: after a stop, the next opening takes these flags from the graph.
            index.mark(to_update)
        events = [head for head in heads if head not in stored]
        tails = [tail for tail in pc.unique(merged.new.column("tail")).to_pylist() if tail != NONE]
        new_tails = [t for t in tails if not connection.execute(cypher.INFERENCE, {"text": t}).has_next()]
        for text in events:
            connection.execute(cypher.ADD_EVENT, {"text": text})
        for text in new_tails:
            connection.execute(cypher.ADD_INFERENCE, {"text": text})
        _write_edges(connection, merged.new, create=True)
        _write_edges(connection, merged.changed, create=False)
        link_rows(connection, keys, tails_to_link, events, min_link)
    index.put({head: generated[head] for head in [*events, *to_update]})
    return merged.counts


def set_scores(connection: ladybug.Connection, triples: Sequence[Triple], p_valid: Sequence[float], critic: str) -> int:
    """Replace the scores of stored triples. All or nothing. Returns the number of changed ones."""
    changed = 0
    with transaction(connection):
        for triple, score in zip(triples, p_valid, strict=True):
            parameters = {
                "head": triple.head,
                "tail": triple.tail,
                "old_p_valid": -1.0 if triple.p_valid is None else triple.p_valid,
                "old_critic": triple.critic or "",
                "p_valid": score,
                "critic": critic,
            }
            changed += len(connection.execute(cypher.set_score(triple.relation.value), parameters).get_all())
    return changed


def _write_edges(connection: ladybug.Connection, rows: pa.Table, *, create: bool) -> None:
    names = [field.name for field in PROPERTIES]
    columns = [column.to_pylist() for column in properties(rows)]
    keys = (rows.column(name).to_pylist() for name in KEY)
    for head, code, tail, *values in zip(*keys, *columns, strict=True):
        relation = RELATION_NAMES[int(code)]
        is_none = tail == NONE
        connection.execute(
            cypher.edge(None if is_none else relation, create=create),
            {"head": head, "tail": relation if is_none else tail} | dict(zip(names, values, strict=True)),
        )


def edges_of(connection: ladybug.Connection, heads: Sequence[str], all_tails: str = _ALL_TAILS) -> pa.Table:
    """All stored rows of some events, those of relations without a description apart.

    all_tails: the query for the tails of an event. A reader has its own: a table may be missing.
    """
    edges: list[list[object]] = []
    for head in heads:
        for name, *edge in connection.execute(all_tails, {"event": head}).get_all():
            edges.append([head, RELATION_CODE[name], *edge])
        for name, *edge in connection.execute(cypher.NONES, {"event": head}).get_all():
            if name in RELATION_CODE:
                edges.append([head, RELATION_CODE[name], NONE, *edge])
    if not edges:
        return empty()
    head, relation, tail, *values = zip(*edges, strict=True)
    columns = [pa.array(column, field.type) for column, field in zip(values, PROPERTIES, strict=True)]
    return from_properties(
        pa.array(head, pa.string()), pa.array(relation, pa.int8()), pa.array(tail, pa.string()), columns
    )


def stored_rows(connection: ladybug.Connection, progress: Progress) -> Iterator[pa.Table]:
    """All stored rows, one relation at a time. The graph has none of relations without a description."""
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
        columns = [pc.cast(column[field.name], field.type) for field in PROPERTIES]
        yield from_properties(column["head"], codes, tails, columns)


def rebuild(
    staging: Staging,
    graph: Path,
    index: Path,
    keys: Path,
    buffer_pool: int,
    progress: Progress,
    *,
    min_link: float,
    force: bool = False,
) -> tuple[Counts, bool]:
    """Build a new graph file and its text index from the rows of a load.

    Memory use: one part of the staging or one relation, and the texts of all nodes.

    staging: stored and incoming rows.
    graph, index, keys: the new files.
    buffer_pool: bytes of memory for ladybug.
    min_link: the minimum confidence of a link.
    force: build the files even without a change of the stored rows.

    Returns the counts of the incoming rows, and True for new files.
    """
    counts, has_changes = Counts(), False
    events: list[pa.Array] = []
    with_data: list[pa.Array] = []
    tails = pa.array([], pa.string())
    tails_to_link: dict[Tail, None] = {}
    with ExitStack() as files:
        writers = {
            name: files.enter_context(pa.ipc.new_file(_merged(staging, name), empty().schema)) for name in EDGE_TABLES
        }
        for done, part in enumerate(staging.read()):
            progress("merging", done, staging.parts)
            merged = merge(part.stored, part.incoming)
            counts += merged.counts
            has_changes = has_changes or merged.has_changes
            for name, rows in by_edge_table(merged.rows):
                writers[name].write_table(rows)
            events.append(pc.unique(merged.rows.column("head")))
            tails_to_link |= dict.fromkeys(tails_of_rows(merged.rows))
            with_data.append(heads_by_data(merged.rows))
            tails = pc.unique(pa.concat_arrays([tails, pc.unique(merged.rows.column("tail"))]))
    if not (has_changes or force):
        return counts, False
    for path in (graph, index, keys):
        path.unlink(missing_ok=True)
    heads = pa.concat_arrays(events)
    progress("linking inferences to events", 0, 0)
    event_texts: list[str] = heads.to_pylist()
    links = table_of_links(list(best_links(tails_to_link, event_texts, min_link)))
    key_index = LinkIndex(keys)
    key_index.put(tails_to_link, event_texts)
    key_index.close()
    _copy_graph(staging, heads, tails.filter(pc.not_equal(tails, NONE)), links, graph, buffer_pool, progress)
    progress("indexing the events", 0, 0)
    generated: list[bool] = pc.invert(pc.is_in(heads, pa.concat_arrays(with_data))).to_pylist()
    TextIndex.create(index, dict(zip(event_texts, generated, strict=True))).close()
    return counts, True


def _merged(staging: Staging, name: str) -> str:
    """Path of the merged rows of one edge table. Copying maps the file into memory and releases it."""
    return str(staging.folder / f"merged-{name}.arrow")


def _copy_graph(
    staging: Staging,
    events: pa.Array,
    tails: pa.Array,
    links: pa.Table,
    path: Path,
    buffer_pool: int,
    progress: Progress,
) -> None:
    database = ladybug.Database(path, buffer_pool_size=buffer_pool)
    connection = ladybug.Connection(database)

    def copy(name: str, table: pa.Table) -> None:
        if len(table):
            connection.execute(cypher.copy(name), {"rows": table})

    _create_schema(connection)
    copy("Event", pa.table({"text": events}))
    copy("Inference", pa.table({"text": tails}))
    copy(AS_EVENT, links)
    for done, name in enumerate(EDGE_TABLES):
        progress("writing the graph", done, len(EDGE_TABLES))
        with pa.memory_map(_merged(staging, name)) as file:
            copy(name, _edge_table(name, pa.ipc.open_file(file).read_all()))
    connection.close()
    database.close()


def _edge_table(name: str, rows: pa.Table) -> pa.Table:
    columns = dict(zip((field.name for field in PROPERTIES), properties(rows), strict=True))
    return pa.table({"head": rows.column("head"), "tail": ends(name, rows)} | columns)
