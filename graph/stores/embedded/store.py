"""The embedded store: a ladybug graph and a text index in one folder. One process writes, others read."""

import asyncio
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar

import ladybug
import pyarrow as pa

from graph.stores.changes import Changes
from graph.stores.common_cypher import count_edges, count_nodes
from graph.stores.embedded import cypher
from graph.stores.embedded.folder import (
    Manifest,
    lock_for_writing,
    read_manifest,
    refuse_foreign,
    remove_leftovers,
    write_manifest,
)
from graph.stores.embedded.fulltext import TextIndex
from graph.stores.embedded.lookup import QUICK, PreparedQueries, is_of_students, tails_of
from graph.stores.embedded.writer import add_rows, create_graph, is_small, rebuild, stored_rows
from graph.stores.forget import Forgotten, unknown_origin, without
from graph.stores.protocol import Lookup, Progress, Search, Stats, Tails, silent
from graph.tables.columns import row_of, table_of
from graph.tables.edges import NOT_APPLICABLE
from graph.tables.merge import Counts
from graph.tables.staging import ROWS_PER_PART, Staging
from schemas.errors import BadInput, StoreUnavailable
from schemas.relations import RELATIONS
from schemas.triples import Triple

BUFFER_POOL = 1 << 30
_SPEAKERS = (cypher.EVENTS_BY_DATA, cypher.EVENTS_SPOKEN, cypher.EVENTS)
"""Of which events a data set spoke, of which anybody did, and which there are."""
T = TypeVar("T")


async def open_embedded(folder: Path, *, read_only: bool, create: bool, threads: int) -> "EmbeddedStore":
    """Open the store in a folder; one is made where there is none, if `create` and not read_only."""
    return await asyncio.to_thread(_open, folder, read_only, create, threads)


def _open(folder: Path, read_only: bool, create: bool, threads: int) -> "EmbeddedStore":
    if folder.exists() and not folder.is_dir():
        raise BadInput.of("store", str(folder), "a folder, or an address bolt://… or neo4j://…")
    if (read_only or not create) and not (folder / "store.json").exists():
        raise BadInput.of("store", str(folder), "a store: a folder that `cometgraph load` or `serve` filled")
    refuse_foreign(folder)
    lock = None if read_only else lock_for_writing(folder)
    try:
        manifest = read_manifest(folder)
        if not read_only:
            manifest = _made_ready(folder, manifest)
        assert manifest is not None
        return EmbeddedStore(folder, manifest, lock, read_only=read_only, threads=threads)
    except BaseException:
        if lock is not None:
            lock.close()
        raise


def _made_ready(folder: Path, manifest: Manifest | None) -> Manifest:
    """The folder without leftovers, and with an empty graph where there is none."""
    remove_leftovers(folder, manifest)
    if manifest is None:
        manifest = Manifest(0)
        create_graph(folder / manifest.graph, BUFFER_POOL)
        TextIndex.create(folder / manifest.index, {}).close()
        write_manifest(folder, manifest)
    return manifest


class _Graph:
    """The current graph file and its index, opened; one connection a thread.

    A load puts another in its place; queries that still run on this one end on it, then it closes by itself.
    """

    def __init__(self, folder: Path, manifest: Manifest, *, read_only: bool) -> None:
        path = folder / manifest.graph
        if not path.exists():
            raise StoreUnavailable(f"{path} is missing; load the data into a new folder")
        try:
            self.database = ladybug.Database(path, read_only=read_only, buffer_pool_size=BUFFER_POOL)
        except RuntimeError as error:
            raise StoreUnavailable(f"{path} cannot be opened: {error}") from error
        self.index = TextIndex(folder / manifest.index, read_only=read_only)
        self._local = threading.local()

    def connection(self) -> ladybug.Connection:
        """This thread's connection."""
        return self._of_thread()[0]

    def queries(self) -> PreparedQueries:
        """This thread's lookups."""
        return self._of_thread()[1]

    def _of_thread(self) -> tuple[ladybug.Connection, PreparedQueries]:
        opened: tuple[ladybug.Connection, PreparedQueries] | None = getattr(self._local, "opened", None)
        if opened is None:
            connection = ladybug.Connection(self.database, num_threads=1)
            opened = self._local.opened = connection, PreparedQueries(connection)
        return opened

    def rows(self, query: str) -> list[list[Any]]:
        """All rows of a query."""
        return self.connection().execute(query).get_all()

    def repair_index(self) -> None:
        """Bring the text index up to date with the graph, after a stop between the two."""
        [[known]] = self.rows(count_nodes("Event"))
        if self.index.count() != known:
            self.index.close()
            by_data, spoken, events = map(self._texts, _SPEAKERS)
            self.index = TextIndex.create(
                self.index.path, {event: event in spoken and event not in by_data for event in events}
            )
        elif marked := self.index.marked():
            self.index.put({event: is_of_students(self.queries(), event) for event in marked})

    def _texts(self, query: str) -> set[str]:
        return set(self.connection().execute(query).get_as_arrow().column("text").to_pylist())


class EmbeddedStore:
    """See graph.stores.protocol.Store. Queries run in `threads` threads, one connection each; writes one at a time."""

    def __init__(
        self, folder: Path, manifest: Manifest, lock: IO[str] | None, *, read_only: bool, threads: int
    ) -> None:
        self.address = str(folder)
        self._folder = folder
        self._manifest = manifest
        self._lock = lock
        self._threads = ThreadPoolExecutor(threads, "graph")
        self._changes = Changes()
        self._writing = asyncio.Lock()
        self._graph = _Graph(folder, manifest, read_only=read_only)
        if not read_only:
            self._translated(self._graph.repair_index)

    @property
    def changes(self) -> Changes | None:
        return self._changes

    async def tails(self, lookups: Sequence[Lookup]) -> list[Tails | None]:
        if len(lookups) == 1 and len(lookups[0].relations) <= QUICK:
            return self._translated(partial(self._tails, lookups))
        return await self._run(partial(self._tails, lookups))

    async def events(self, search: Search) -> list[str]:
        return await self._run(lambda: self._graph.index.search(search))

    async def shown(self, events: Sequence[str]) -> set[str]:
        generated = await self._run(lambda: self._graph.index.generated(events))
        return {event for event, is_generated in generated.items() if not is_generated}

    async def stats(self) -> Stats:
        return await self._run(self._stats)

    async def add(self, triples: Sequence[Triple]) -> Counts:
        rows = table_of(map(row_of, triples))
        async with self._writing:
            return await self._run(partial(self._add, rows, {triple.head for triple in triples}))

    async def load(self, staged: Staging, progress: Progress) -> Counts:
        async with self._writing:
            return await self._run(partial(self._changing_all, partial(self._load, staged, progress)))

    async def forget(self, origin: str, progress: Progress = silent) -> Forgotten:
        async with self._writing:
            return await self._run(partial(self._changing_all, partial(self._forget, origin, progress)))

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)
        self._graph.index.close()
        del self._graph
        if self._lock is not None:
            self._lock.close()

    @property
    def scratch(self) -> Path:
        """A folder for the files of one load, on the disk of the store; what is left there goes at the next opening."""
        return self._folder / f"load-{os.getpid()}"

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._translated, work)

    @staticmethod
    def _translated(work: Callable[[], T]) -> T:
        try:
            return work()
        except (RuntimeError, sqlite3.Error) as error:  # RuntimeError is the one class that ladybug raises
            raise StoreUnavailable(f"the embedded store failed: {error}") from error

    def _tails(self, lookups: Sequence[Lookup]) -> list[Tails | None]:
        queries = self._graph.queries()  # taken once: a load may put another graph in its place meanwhile
        return [tails_of(queries, lookup) for lookup in lookups]

    # Changes are counted where they are made: a caller that is cancelled does not end the work of its thread.

    def _add(self, rows: pa.Table, events: set[str]) -> Counts:
        try:
            return add_rows(self._graph.connection(), self._graph.index, rows)
        finally:
            self._changes.add(events)

    def _changing_all(self, work: Callable[[], T]) -> T:
        try:
            return work()
        finally:
            self._changes.add_all()

    def _forget(self, origin: str, progress: Progress) -> Forgotten:
        """Build a graph of what stays, beside the old one."""
        before = self._stats()
        folder, total, known = self.scratch, Forgotten(), set[str]()
        try:
            with Staging(folder, 1 + sum(before.triples.values()) // ROWS_PER_PART) as staged:
                for rows in stored_rows(self._graph.connection(), progress):
                    left, counts, names = without(rows, origin)
                    staged.put_stored(left)
                    total, known = total + counts, known | names
                if origin not in known:
                    raise unknown_origin(origin, known)
                fresh = Manifest(self._manifest.number + 1)
                graph, index = self._folder / fresh.graph, self._folder / fresh.index
                rebuild(staged, graph, index, BUFFER_POOL, progress, anyway=True)
                self._switch(fresh)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        after = self._stats()
        return total + Forgotten(inferences=before.inferences - after.inferences, events=before.events - after.events)

    def _stats(self) -> Stats:
        graph = self._graph

        def count(query: str) -> int:
            return graph.rows(query)[0][0]

        return Stats(
            events=count(count_nodes("Event")),
            inferences=count(count_nodes("Inference")),
            triples={relation: count(count_edges(relation.value)) for relation in RELATIONS},
            not_applicable=count(count_edges(NOT_APPLICABLE)),
        )

    def _load(self, staged: Staging, progress: Progress) -> Counts:
        [[events]] = self._graph.rows(count_nodes("Event"))
        if is_small(staged.incoming, events):
            total = Counts()
            for part in staged.read():
                total += add_rows(self._graph.connection(), self._graph.index, part.incoming)
            return total
        if events:
            for rows in stored_rows(self._graph.connection(), progress):
                staged.put_stored(rows)
        fresh = Manifest(self._manifest.number + 1)
        counts, news = rebuild(staged, self._folder / fresh.graph, self._folder / fresh.index, BUFFER_POOL, progress)
        if news:
            self._switch(fresh)
        return counts

    def _switch(self, fresh: Manifest) -> None:
        """Make a graph that was built the current one."""
        write_manifest(self._folder, fresh)
        self._graph, self._manifest = _Graph(self._folder, fresh, read_only=False), fresh
        remove_leftovers(self._folder, fresh)
