"""The embedded store: a ladybug graph and a text index in one folder, for one writing process and many readers."""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar

import pyarrow as pa

from graph.links import Link, Tail, best_links, phrase
from graph.links.report import LinkReport
from graph.links.step import Step, StepSearch
from graph.query.process import Readers
from graph.query.request import QueryLimits, Rows
from graph.stores.changes import Changes
from graph.stores.common_cypher import count_edges, count_nodes, count_nones
from graph.stores.embedded.folder import (
    Manifest,
    lock_for_writing,
    pages_locked,
    read_manifest,
    refuse_foreign,
    remove_leftovers,
    write_manifest,
)
from graph.stores.embedded.fulltext import TextIndex
from graph.stores.embedded.graph_file import BUFFER_POOL, Graph, open_graph
from graph.stores.embedded.link_index import LinkIndex
from graph.stores.embedded.links import link_all
from graph.stores.embedded.lookup import QUICK, tails_of
from graph.stores.embedded.steps import steps_of
from graph.stores.embedded.writer import (
    add_rows,
    create_graph,
    edges_of,
    is_small,
    rebuild,
    set_scores,
    stored_rows,
    update_graph,
)
from graph.stores.forget import Forgotten, unknown_origin, without
from graph.stores.protocol import Lookup, Search, Stats, StoreKind, Tails
from graph.tables.columns import row_of, table_of, triples_of
from graph.tables.edges import NOT_APPLICABLE
from graph.tables.merge import Counts
from graph.tables.staging import ROWS_PER_PART, Staging
from schemas.errors import BadInput, StoreUnavailable
from schemas.progress import Progress, silent
from schemas.relations import RELATIONS
from schemas.relations.files import VARIABLE
from schemas.triples import Triple

READER = "graph.stores.embedded.reader"
T = TypeVar("T")


async def open_embedded(
    folder: Path, *, read_only: bool, create: bool, threads: int, queries: QueryLimits, min_link: float
) -> "EmbeddedStore":
    """Open the store in a folder. create: make a store in a new folder, unless read_only.

    Raises BadInput, StoreLocked, StoreUnavailable.
    """
    store = await asyncio.to_thread(_open, folder, read_only, create, threads, queries, min_link)
    if queries.ahead:
        store.readers.start_ahead()
    return store


def _open(
    folder: Path, read_only: bool, create: bool, threads: int, queries: QueryLimits, min_link: float
) -> "EmbeddedStore":
    if folder.exists() and not folder.is_dir():
        raise BadInput.of("store", str(folder), "a folder, or an address bolt://… or neo4j://…")
    if (read_only or not create) and not (folder / "store.json").exists():
        raise BadInput.of("store", str(folder), "a store: a folder of `cometgraph load` or `serve`")
    refuse_foreign(folder)
    lock = None if read_only else lock_for_writing(folder)
    try:
        manifest = read_manifest(folder)
        if not read_only:
            manifest = _translated(partial(_prepare, folder, manifest))
        assert manifest is not None
        if manifest.is_outdated:
            raise StoreUnavailable(
                f"{folder} was written by an earlier version; any command that opens the store for writing brings it "
                "up to date, such as `cometgraph index`"
            )
        graph = _translated(partial(open_graph, folder, manifest, read_only=read_only))
        return EmbeddedStore(folder, manifest, graph, lock, threads=threads, queries=queries, min_link=min_link)
    except BaseException:
        if lock is not None:
            lock.close()
        raise


def _prepare(folder: Path, manifest: Manifest | None) -> Manifest:
    """Remove leftovers, create an empty graph in a new folder, and bring an outdated one up to date."""
    remove_leftovers(folder, manifest)
    if manifest is None:
        manifest = Manifest(0)
        create_graph(folder / manifest.graph, BUFFER_POOL)
        TextIndex.create(folder / manifest.index, {}).close()
        write_manifest(folder, manifest)
    elif manifest.is_outdated:
        update_graph(folder / manifest.graph, BUFFER_POOL)
        manifest = Manifest(manifest.number)
        write_manifest(folder, manifest)
    return manifest


def _translated(work: Callable[[], T]) -> T:
    """The result of `work`. Raises StoreUnavailable for an error of ladybug or SQLite."""
    try:
        return work()
    except (RuntimeError, sqlite3.Error) as error:  # ladybug raises RuntimeError only
        raise StoreUnavailable(f"the embedded store failed: {error}") from error


def reader_of(folder: Path) -> dict[str, Any]:
    """How a reader process opens a store. See graph.query.child.main."""
    return {"module": READER, "dialect": "embedded", "folder": str(folder.resolve())}


class EmbeddedStore:
    """See graph.stores.protocol.Store. Queries run in `threads` threads, writes one after the other."""

    kind: StoreKind = "embedded"

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        graph: Graph,
        lock: IO[str] | None,
        *,
        threads: int,
        queries: QueryLimits,
        min_link: float,
    ) -> None:
        self.address = str(folder)
        self._folder = folder
        self._manifest = manifest
        self._lock = lock
        self._threads = ThreadPoolExecutor(threads, "graph")
        self._changes = Changes()
        self._writing = asyncio.Lock()
        self._graph = graph
        self._min_link = min_link
        self._keys = LinkIndex(folder / manifest.links, read_only=lock is None)
        self.readers = Readers(reader_of(folder), queries)

    @property
    def changes(self) -> Changes | None:
        return self._changes

    async def tails(self, lookups: Sequence[Lookup]) -> list[Tails | None]:
        if len(lookups) == 1 and len(lookups[0].relations) <= QUICK:
            return _translated(partial(self._tails, lookups))
        return await self._run(partial(self._tails, lookups))

    async def events(self, search: Search) -> list[str]:
        return await self._run(lambda: self._graph.index.search(search))

    async def visible(self, events: Sequence[str]) -> set[str]:
        generated = await self._run(lambda: self._graph.index.generated(events))
        return {event for event, is_generated in generated.items() if not is_generated}

    async def steps(self, search: StepSearch) -> list[Step]:
        return await self._run(lambda: self._steps(search))

    async def linked(self, tails: Sequence[Tail], *, generated: bool) -> list[Link]:
        return await self._run(lambda: self._linked(tails, generated=generated))

    async def query(self, text: str, parameters: Mapping[str, Any], limit: int | None = None) -> Rows:
        return await self.readers.ask(text, parameters, limit)

    async def stats(self) -> Stats:
        return await self._run(self._stats)

    async def add(self, triples: Sequence[Triple]) -> Counts:
        rows = table_of(map(row_of, triples))
        async with self._writing:
            return await self._run(partial(self._add, rows, {triple.head for triple in triples}))

    async def triples(self, events: Sequence[str]) -> list[Triple]:
        return await self._run(lambda: self._triples(events))

    async def set_scores(self, triples: Sequence[Triple], p_valid: Sequence[float], critic: str) -> int:
        async with self._writing:
            return await self._run(partial(self._set_scores, triples, p_valid, critic))

    async def load(self, staging: Staging, progress: Progress) -> Counts:
        async with self._writing:
            return await self._run(partial(self._change_all, partial(self._load, staging, progress)))

    async def forget(self, origin: str, progress: Progress = silent) -> Forgotten:
        async with self._writing:
            return await self._run(partial(self._change_all, partial(self._forget, origin, progress)))

    async def link(self, progress: Progress = silent) -> LinkReport:
        async with self._writing:
            return await self._run(partial(self._change_all, partial(self._link, progress)))

    async def close(self) -> None:
        await self.readers.close()
        await asyncio.to_thread(self._threads.shutdown)
        self._graph.index.close()
        self._keys.close()
        if self._lock is None:
            del self._graph
            return
        with pages_locked(self._folder):
            del self._graph
        self._lock.close()

    @property
    def scratch(self) -> Path:
        """Folder for the files of one load, on the disk of the store. The next opening removes it after a stop."""
        return self._folder / f"load-{os.getpid()}"

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, _translated, work)

    def _tails(self, lookups: Sequence[Lookup]) -> list[Tails | None]:
        queries = self._graph.queries()  # taken once: a load may replace the graph meanwhile
        return [tails_of(queries, lookup) for lookup in lookups]

    def _steps(self, search: StepSearch) -> list[Step]:
        graph = self._graph
        return steps_of(graph.queries(), graph.index, search)

    def _linked(self, tails: Sequence[Tail], *, generated: bool) -> list[Link]:
        index = self._graph.index
        events = self._keys.events(phrase(text, reading).key for text, reading in tails)
        known = index.generated(events)  # the keys may have events that the graph lacks
        return list(best_links(tails, [event for event in known if generated or not known[event]], self._min_link))

    def _triples(self, events: Sequence[str]) -> list[Triple]:
        graph = self._graph
        return triples_of(edges_of(graph.connection(), events, graph.queries().of_relations.all_tails))

    # The working thread counts the change: the cancellation of a caller does not end the thread.

    def _add(self, rows: pa.Table, events: set[str]) -> Counts:
        try:
            with pages_locked(self._folder):
                return self._add_rows(rows)
        finally:
            self._changes.add(events)

    def _set_scores(self, triples: Sequence[Triple], p_valid: Sequence[float], critic: str) -> int:
        try:
            with pages_locked(self._folder):
                return set_scores(self._graph.connection(), triples, p_valid, critic)
        finally:
            self._changes.add({triple.head for triple in triples})

    def _change_all(self, work: Callable[[], T]) -> T:
        try:
            return work()
        finally:
            self._changes.add_all()

    def _add_rows(self, rows: pa.Table) -> Counts:
        return add_rows(self._graph.connection(), self._graph.index, self._keys, rows, self._min_link)

    def _link(self, progress: Progress) -> LinkReport:
        with pages_locked(self._folder):
            return link_all(self._graph.connection(), self._keys, self._min_link, progress)

    def _forget(self, origin: str, progress: Progress) -> Forgotten:
        """Build a new graph file of the remaining rows."""
        before = self._stats()
        _refuse_loss(before.unknown_relations)
        folder, total, origins = self.scratch, Forgotten(), set[str]()
        try:
            with Staging(folder, 1 + sum(before.triples.values()) // ROWS_PER_PART) as staging:
                for rows in stored_rows(self._graph.connection(), progress):
                    rest, counts, names = without(rows, origin)
                    staging.put_stored(rest)
                    total, origins = total + counts, origins | names
                if origin not in origins:
                    raise unknown_origin(origin, origins)
                self._rebuild(staging, progress, force=True)
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
            triples={r: count(count_edges(r.value)) if r in graph.relations else 0 for r in RELATIONS},
            not_applicable=count(count_edges(NOT_APPLICABLE)),
            unknown_relations={
                name: edges
                for name in graph.relations
                if name not in RELATIONS and (edges := count(count_edges(name)) + count(count_nones(name)))
            },
        )

    def _load(self, staging: Staging, progress: Progress) -> Counts:
        [[events]] = self._graph.rows(count_nodes("Event"))
        if is_small(staging.incoming, events):
            total = Counts()
            for part in staging.read():
                with pages_locked(self._folder):
                    total += self._add_rows(part.incoming)
            return total
        if events:
            _refuse_loss(self._stats().unknown_relations)
            for rows in stored_rows(self._graph.connection(), progress):
                staging.put_stored(rows)
        return self._rebuild(staging, progress)

    def _rebuild(self, staging: Staging, progress: Progress, *, force: bool = False) -> Counts:
        """Build new files beside the current ones, then make them current. See writer.rebuild."""
        new = Manifest(self._manifest.number + 1)
        graph, index, keys = (self._folder / name for name in (new.graph, new.index, new.links))
        counts, has_changes = rebuild(
            staging, graph, index, keys, BUFFER_POOL, progress, min_link=self._min_link, force=force
        )
        if has_changes:
            with pages_locked(self._folder):
                write_manifest(self._folder, new)
                self._keys.close()
                self._keys = LinkIndex(keys)
                self._graph, self._manifest = open_graph(self._folder, new, read_only=False), new
                remove_leftovers(self._folder, new)
        return counts


def _refuse_loss(unknown_relations: dict[str, int]) -> None:
    """Raises BadInput for triples without a description of their relation: a new graph file would lose them."""
    if unknown_relations:
        names = ", ".join(f"{name}.toml" for name in unknown_relations)
        allowed = f"the folder of {names}: the store has triples of this relation, and rewriting it would lose them"
        raise BadInput.of(VARIABLE, None, allowed)
