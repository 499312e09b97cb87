"""The vector index of an embedded store: vectors in SQLite, and a graph of neighbors for the search.

STORE/vectors.sqlite     the vectors by event. A new graph file of the store keeps them.
STORE/vectors-N.usearch  the graph of neighbors (graph/vectors/neighbor_graph.py), rebuilt from the vectors in seconds.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from graph.stores.protocol import Search, Store
from graph.vectors.neighbor_graph import NeighborGraph, open_neighbor_graph
from graph.vectors.protocol import REBUILD, Neighbor, check_dimension, check_embedder
from graph.vectors.vector_file import Half, NewerFormat, VectorFile
from schemas.embeddings import EmbedderInfo, Vectors
from schemas.errors import StoreUnavailable

_log = logging.getLogger("cometgraph.index")
_FILE = "vectors.sqlite"
_PAGE = 10_000
_SPARE = 10
T = TypeVar("T")


async def open_embedded_index(
    store: Store, embedder: EmbedderInfo, *, read_only: bool, rebuild: bool
) -> "EmbeddedIndex":
    """See graph.vectors.connect.open_index."""
    work = partial(_open, store, embedder, read_only=read_only, rebuild=rebuild)
    return await asyncio.to_thread(_translated, Path(store.address), work)


def _open(store: Store, embedder: EmbedderInfo, *, read_only: bool, rebuild: bool) -> "EmbeddedIndex":
    folder = Path(store.address)
    path = folder / _FILE
    with ExitStack() as files:
        try:
            file_damage = "" if read_only else _prepare(path, embedder, rebuild)
            reader = files.enter_context(closing(VectorFile.open(path, read_only=True)))
            writer = reader if read_only else files.enter_context(closing(VectorFile.open(path)))
        except FileNotFoundError:
            raise StoreUnavailable(f"{folder} has no index of its events; `{REBUILD}` creates it") from None
        except NewerFormat as error:
            raise StoreUnavailable(
                f"{folder} has an index of a newer version ({error}); `{REBUILD}` rebuilds it",
                retry_after=None,
            ) from error
        check_embedder(reader.embedder, embedder)
        neighbors, graph_damage = open_neighbor_graph(folder, writer, read_only=read_only)
        # A new vector file has no graph yet, so there is one damage at most.
        damage = file_damage or graph_damage
        if damage:
            _log.warning("%s: %s", folder, damage)
        return EmbeddedIndex(store, reader, None if read_only else writer, neighbors, damage, files.pop_all())


def _prepare(path: Path, embedder: EmbedderInfo, rebuild: bool) -> str:
    """Create the file, or replace a damaged one. rebuild: replace one of another embedder or a newer version too.

    Returns the damage, "" if none. Raises NewerFormat, and sqlite3.OperationalError for a locked file.
    """
    damage = ""
    try:
        with closing(VectorFile.open(path)) as file:
            file.check()
            if not rebuild or file.embedder.fits(embedder):
                return ""
    except FileNotFoundError:
        pass
    except NewerFormat:
        if not rebuild:
            raise
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            raise
        damage = f"{path.name} was damaged ({error}); it is rebuilt"
    VectorFile.create(path, embedder)
    return damage


def _translated(folder: Path, work: Callable[[], T]) -> T:
    """The result of `work`. Raises StoreUnavailable for an error of SQLite."""
    try:
        return work()
    except sqlite3.Error as error:
        raise StoreUnavailable(f"the index of {folder} failed: {error}") from error


class EmbeddedIndex:
    """See graph.vectors.protocol.VectorIndex. One thread reads, one writes."""

    def __init__(
        self,
        store: Store,
        reader: VectorFile,
        writer: VectorFile | None,
        neighbors: NeighborGraph,
        repaired: str,
        files: ExitStack,
    ) -> None:
        """writer: None for a read-only index. files: closes reader and writer."""
        self.repaired = repaired
        self._store = store
        self._folder = Path(store.address)
        self._reader = reader
        self._writer = writer
        self._neighbors = neighbors
        self._files = files
        self._reading = ThreadPoolExecutor(1, "index reads")
        self._writing = ThreadPoolExecutor(1, "index writes")

    async def nearest(self, vectors: Vectors, k: int, *, generated: bool = False) -> list[list[Neighbor]]:
        check_dimension(vectors, self._reader.embedder)
        if generated:
            return await self._run(self._reading, lambda: [self._nearest(vector, k) for vector in vectors])
        return [await self._nearest_visible(vector, k) for vector in vectors]

    async def vectors(self, events: Sequence[str]) -> dict[str, Vectors]:
        def by_text() -> dict[str, Vectors]:
            return dict(zip(*self._reader.by_text(events), strict=True))

        return await self._run(self._reading, by_text)

    async def missing(self, events: Sequence[str] | None = None) -> list[str]:
        if events is not None:
            vectors = await self.vectors(events)
            return [event for event in events if event not in vectors]
        stored = set[str]()
        after = ""
        while page := await self._store.events(Search(_PAGE, after=after, generated=True)):
            stored.update(page)
            after = page[-1]

        def compare() -> tuple[list[str], set[str]]:
            indexed = self._reader.texts()
            return sorted(stored - indexed), indexed - stored

        missing, deleted = await self._run(self._reading, compare)
        writer = self._writer
        if deleted and writer is not None:
            await self._run(self._writing, lambda: writer.remove(deleted))
        return missing

    async def add(self, events: Sequence[str], vectors: Vectors) -> None:
        check_dimension(vectors, self._reader.embedder)
        await self._run(self._writing, lambda: self._add(events, vectors))

    async def optimize(self) -> None:
        if self._writer is not None:
            await self._run(self._writing, self._neighbors.optimize)

    async def count(self) -> int:
        return await self._run(self._reading, self._reader.count)

    async def close(self) -> None:
        for threads in (self._reading, self._writing):
            await asyncio.to_thread(threads.shutdown)
        self._files.close()

    async def _run(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(threads, _translated, self._folder, work)

    def _nearest(self, vector: Vectors, k: int) -> list[Neighbor]:
        """The `k` nearest events, by the exact cosine.

        The search takes more candidates than `k`, as it rounds the vectors. With too many deleted events among them,
        it takes four times as many.
        """
        size = 2 * k + _SPARE
        while True:
            keys, is_all = self._neighbors.search(vector, size)
            texts, rows = self._reader.by_id(keys)
            if len(texts) >= k or is_all:
                break
            size *= 4
        lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(vector)
        cosines: list[float] = (rows @ vector / lengths).tolist() if texts else []
        neighbors = [Neighbor(text, cosine) for text, cosine in zip(texts, cosines, strict=True)]
        return sorted(neighbors, key=lambda near: (-near.similarity, near.event))[:k]

    async def _nearest_visible(self, vector: Vectors, k: int) -> list[Neighbor]:
        """The `k` nearest events with a triple of a data set. The search grows until it has them."""
        size = k
        while True:
            nearest = await self._run(self._reading, partial(self._nearest, vector, size))
            visible = await self._store.visible([near.event for near in nearest])
            neighbors = [near for near in nearest if near.event in visible]
            if len(neighbors) >= k or len(nearest) < size:
                return neighbors[:k]
            size *= 4

    def _add(self, events: Sequence[str], vectors: Vectors) -> None:
        if self._writer is None:
            raise StoreUnavailable(f"the index of {self._folder} is open for reading only")
        halves: Half = vectors.astype(np.float16)
        new = self._writer.add(events, halves)
        if new:
            self._neighbors.add([key for key, _ in new], halves[[position for _, position in new]])
