"""The current graph file of an embedded store and its text index, open."""

import threading
from pathlib import Path
from typing import Any

import ladybug

from graph.stores.common_cypher import STORED_RELATIONS, count_nodes
from graph.stores.embedded import cypher
from graph.stores.embedded.folder import Manifest
from graph.stores.embedded.fulltext import TextIndex
from graph.stores.embedded.lookup import PreparedQueries, has_only_students
from graph.stores.embedded.writer import add_relations
from schemas.errors import StoreUnavailable

BUFFER_POOL = 1 << 30
"""Bytes of memory for pages of the graph file."""


def open_graph(folder: Path, manifest: Manifest, *, read_only: bool) -> "Graph":
    """Open the current files. A writer also adds new relations, and brings the text index up to date.

    Raises StoreUnavailable for a missing or damaged graph file, and RuntimeError or sqlite3.Error for a failed repair.
    """
    path = folder / manifest.graph
    if not path.exists():
        raise StoreUnavailable(f"{path} is missing; load the data into a new folder")
    try:
        database = ladybug.Database(path, read_only=read_only, buffer_pool_size=BUFFER_POOL)
    except RuntimeError as error:
        raise StoreUnavailable(f"{path} cannot be opened: {error}") from error
    if not read_only:
        add_relations(database)
    graph = Graph(database, TextIndex(folder / manifest.index, read_only=read_only))
    if not read_only:
        graph.repair_index()
    return graph


class Graph:
    """A graph file and its text index. Each thread has its own connection.

    A load replaces the graph. Queries under way complete on the old one, and the last of them closes it.
    """

    def __init__(self, database: ladybug.Database, index: TextIndex) -> None:
        self.index = index
        self._database = database
        self._local = threading.local()
        with ladybug.Connection(database, num_threads=1) as connection:
            self.relations: list[str] = [name for name, *_ in connection.execute(STORED_RELATIONS).get_all()]
            """The relations with a table in this file, described or not."""
        self._relation_queries = cypher.relation_queries(self.relations)

    def connection(self) -> ladybug.Connection:
        """This thread's connection."""
        return self._of_thread()[0]

    def queries(self) -> PreparedQueries:
        """This thread's prepared queries."""
        return self._of_thread()[1]

    def _of_thread(self) -> tuple[ladybug.Connection, PreparedQueries]:
        pair: tuple[ladybug.Connection, PreparedQueries] | None = getattr(self._local, "pair", None)
        if pair is None:
            connection = ladybug.Connection(self._database, num_threads=1)
            pair = self._local.pair = connection, PreparedQueries(connection, self._relation_queries)
        return pair

    def rows(self, query: str) -> list[list[Any]]:
        """All rows of a query."""
        return self.connection().execute(query).get_all()

    def repair_index(self) -> None:
        """Bring the text index up to date after a stop between a change of the graph and one of the index."""
        [[events]] = self.rows(count_nodes("Event"))
        if self.index.count() != events:
            self.index.close()
            of_relations = self._relation_queries
            generated = self._texts(of_relations.events_with_edges) - self._texts(of_relations.events_with_data)
            texts = self._texts(cypher.EVENTS)
            self.index = TextIndex.create(self.index.path, {event: event in generated for event in texts})
        elif marks := self.index.marked():
            self.index.put({event: has_only_students(self.queries(), event) for event in marks})

    def _texts(self, query: str) -> set[str]:
        return set(self.connection().execute(query).get_as_arrow().column("text").to_pylist())
