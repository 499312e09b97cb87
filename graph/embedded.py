"""The embedded store: a ladybug graph and a text index in one folder. One process writes, others read.

STORE/store.json      which graph file is the current one; written last, by rename
STORE/graph-N.lbug    the graph;  STORE/events-N.sqlite  its text index
STORE/lock            held by the process that writes
"""

import asyncio
import fcntl
import os
import re
import shutil
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar

import ladybug
import orjson

from graph import cypher
from graph.embedded_write import add_rows, create_graph, is_small, rebuild, stored_rows
from graph.rows import Counts, row_of, table_of
from graph.staging import Staging
from graph.store import Lookup, Progress, Search, Stats, Tails, select
from graph.text_index import TextIndex
from schemas.errors import BadInput, StoreLocked, StoreUnavailable
from schemas.relations import RELATIONS, Relation
from schemas.triples import NONE, Triple

VERSION = 1
_OURS = re.compile(r"store\.json(\.part)?|lock|load-\d+|graph-\d+\.lbug([.-].+)?|events-\d+\.sqlite([.-].+)?")
_NUMBERED = re.compile(r"graph-\d+\.lbug|events-\d+\.sqlite")
BUFFER_POOL = 1 << 30
_QUICK = 4
"""A lookup of so few relations is done where it is asked: its queries take less (40 µs each) than the way to a thread
and back, which on two busy cores also makes the slowest answers six times slower (docs/experiments.md)."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Manifest:
    """Which files are current."""

    number: int

    @property
    def graph(self) -> str:
        return f"graph-{self.number}.lbug"

    @property
    def index(self) -> str:
        return f"events-{self.number}.sqlite"


async def open_embedded(folder: Path, *, read_only: bool, threads: int) -> "EmbeddedStore":
    """Open the store in a folder; one is made where there is none, unless read_only."""
    return await asyncio.to_thread(_open, folder, read_only, threads)


def _open(folder: Path, read_only: bool, threads: int) -> "EmbeddedStore":
    if folder.exists() and not folder.is_dir():
        raise BadInput.of("store", str(folder), "a folder, or an address bolt://… or neo4j://…")
    if read_only and not (folder / "store.json").exists():
        raise BadInput.of("store", str(folder), "a store: a folder that `cometgraph load` or `serve` filled")
    _refuse_foreign(folder)
    lock = None if read_only else _lock(folder)
    try:
        manifest = _read_manifest(folder)
        if not read_only:
            manifest = _make_ready(folder, manifest)
        assert manifest is not None
        return EmbeddedStore(folder, manifest, lock, read_only=read_only, threads=threads)
    except BaseException:
        if lock is not None:
            lock.close()
        raise


def _refuse_foreign(folder: Path) -> None:
    """A folder with other things in it is not ours to write to, or to clean up."""
    if (folder / "store.json").exists() or not folder.exists():
        return
    foreign = sorted(path.name for path in folder.iterdir() if not _OURS.fullmatch(path.name))
    if foreign:
        raise BadInput.of("store", str(folder), f"a store or an empty folder (it has {foreign[0]!r} in it)")


def _lock(folder: Path) -> IO[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("a+")
    except OSError as error:
        raise BadInput.of("store", str(folder), f"a folder that can be written ({error.strerror})") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        owner = lock.read().strip()
        lock.close()
        raise StoreLocked(
            f"the store {folder} is open for writing in another process{f' ({owner})' if owner else ''}; "
            "the embedded store has one writer: stop it first, or use Neo4j"
        ) from None
    lock.truncate(0)
    lock.write(f"pid {os.getpid()}")
    lock.flush()
    return lock


def _read_manifest(folder: Path) -> _Manifest | None:
    path = folder / "store.json"
    if not path.exists():
        return None
    try:
        said = orjson.loads(path.read_bytes())
        version, number = said["version"], said["number"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise StoreUnavailable(f"{path} is damaged; load the data into a new folder") from error
    if version != VERSION:
        raise StoreUnavailable(f"{folder} was written by another version (store {version}, here {VERSION})")
    return _Manifest(number)


def _make_ready(folder: Path, manifest: _Manifest | None) -> _Manifest:
    """Remove what an interrupted load left behind; make an empty graph where there is none."""
    current = {manifest.graph, manifest.index} if manifest else set[str]()
    for path in folder.iterdir():
        if path.name.startswith("load-") and _OURS.fullmatch(path.name):
            shutil.rmtree(path)
        elif (name := _NUMBERED.match(path.name)) and _OURS.fullmatch(path.name) and name[0] not in current:
            path.unlink()
    if manifest is None:
        manifest = _Manifest(0)
        create_graph(folder / manifest.graph, BUFFER_POOL)
        TextIndex.create(folder / manifest.index, []).close()
        _write_manifest(folder, manifest)
    return manifest


def _write_manifest(folder: Path, manifest: _Manifest) -> None:
    part = folder / "store.json.part"
    with part.open("wb") as file:
        file.write(orjson.dumps({"version": VERSION, "number": manifest.number}))
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / "store.json")


class _Graph:
    """The current graph file and its index, opened; one connection a thread.

    A load puts another in its place; queries that still run on this one end on it, then it closes by itself.
    """

    def __init__(self, folder: Path, manifest: _Manifest, *, read_only: bool) -> None:
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
        connection: ladybug.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = ladybug.Connection(self.database, num_threads=1)
        return connection

    def rows(self, query: str, parameters: dict[str, Any] | None = None) -> list[list[Any]]:
        """All rows of a query."""
        return self.connection().execute(query, parameters).get_all()

    def repair_index(self) -> None:
        """Bring the text index up to date with the graph, after a stop between the two."""
        [[known]] = self.rows(cypher.count_nodes("Event"))
        if self.index.count() != known:
            self.index.close()
            texts = self.connection().execute(cypher.EMBEDDED_EVENTS).get_as_arrow()
            self.index = TextIndex.create(self.index.path, texts.column("text").to_pylist())


class EmbeddedStore:
    """See graph.store.Store. Queries run in `threads` threads, one connection each; writes one at a time."""

    def __init__(
        self, folder: Path, manifest: _Manifest, lock: IO[str] | None, *, read_only: bool, threads: int
    ) -> None:
        self.address = str(folder)
        self._folder = folder
        self._manifest = manifest
        self._lock = lock
        self._threads = ThreadPoolExecutor(threads, "graph")
        self._generation = 0
        self._writing = asyncio.Lock()
        self._graph = _Graph(folder, manifest, read_only=read_only)
        if not read_only:
            self._translated(self._graph.repair_index)

    @property
    def generation(self) -> int | None:
        return self._generation

    async def tails(self, lookups: Sequence[Lookup]) -> list[Tails | None]:
        if len(lookups) == 1 and len(lookups[0].relations) <= _QUICK:
            return [self._translated(lambda: self._tails(lookups[0]))]
        return await self._run(lambda: [self._tails(lookup) for lookup in lookups])

    async def events(self, search: Search) -> list[str]:
        return await self._run(lambda: self._graph.index.search(search))

    async def stats(self) -> Stats:
        return await self._run(self._stats)

    async def add(self, triples: Sequence[Triple]) -> Counts:
        rows = table_of(map(row_of, triples))
        async with self._writing:
            try:
                return await self._run(lambda: add_rows(self._graph.connection(), self._graph.index, rows))
            finally:
                self._generation += 1

    async def load(self, staged: Staging, progress: Progress) -> Counts:
        async with self._writing:
            try:
                return await self._run(partial(self._load, staged, progress))
            finally:
                self._generation += 1

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)
        self._graph.index.close()
        del self._graph
        if self._lock is not None:
            self._lock.close()

    @property
    def scratch(self) -> Path | None:
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

    def _tails(self, lookup: Lookup) -> Tails | None:
        event, found = lookup.event, list[Triple]()
        missing = False
        if len(lookup.relations) > _QUICK:
            wanted = {relation.value: relation for relation in lookup.relations}
            for name, *edge in self._graph.rows(cypher.EMBEDDED_ALL_TAILS, {"event": event}):
                if name in wanted:
                    found.append(_triple(event, wanted[name], *edge))
            missing = len({triple.relation for triple in found}) < len(wanted)
        else:
            for relation in lookup.relations:
                edges = self._graph.rows(cypher.EMBEDDED_TAILS[relation], {"event": event})
                found += [_triple(event, relation, *edge) for edge in edges]
                missing = missing or not edges
        if missing:
            if not found and not self._graph.rows(cypher.EMBEDDED_KNOWN, {"text": event}):
                return None
            for name, *said in self._graph.rows(cypher.EMBEDDED_NONES, {"event": event}):
                found.append(_triple(event, Relation(name), NONE, *said))
        return select(found, lookup)

    def _stats(self) -> Stats:
        def count(query: str) -> int:
            return self._graph.rows(query)[0][0]

        return Stats(
            events=count(cypher.count_nodes("Event")),
            inferences=count(cypher.count_nodes("Inference")),
            triples={relation: count(cypher.count_edges(relation.value)) for relation in RELATIONS},
            not_applicable=count(cypher.count_edges(cypher.NOT_APPLICABLE)),
        )

    def _load(self, staged: Staging, progress: Progress) -> Counts:
        [[events]] = self._graph.rows(cypher.count_nodes("Event"))
        if is_small(staged.incoming, events):
            total = Counts()
            for part in staged.read():
                total += add_rows(self._graph.connection(), self._graph.index, part.incoming)
            return total
        if events:
            stored_rows(self._graph.connection(), staged, progress)
        fresh = _Manifest(self._manifest.number + 1)
        counts, news = rebuild(staged, self._folder / fresh.graph, self._folder / fresh.index, BUFFER_POOL, progress)
        if news:
            _write_manifest(self._folder, fresh)
            self._graph, self._manifest = _Graph(self._folder, fresh, read_only=False), fresh
            _make_ready(self._folder, fresh)
        return counts


def _triple(
    head: str,
    relation: Relation,
    tail: str,
    p_valid: float | None,
    split: str | None,
    valid: int | None,
    r5: bool | None,
    r6: bool | None,
    r7: bool | None,
    r8: bool | None,
    r9: bool | None,
    origins: list[str],
) -> Triple:
    return Triple(head, relation, tail, split, p_valid, valid, (r5, r6, r7, r8, r9), tuple(origins))
