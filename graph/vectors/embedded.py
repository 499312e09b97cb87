"""The index of an embedded store: vectors in SQLite, and what is searched among them by usearch.

STORE/vectors.sqlite     the vectors, by event; a graph that is built anew keeps them
STORE/vectors-N.usearch  the graph of neighbours over most of them, mapped into memory; the others are in memory alone

The second can be made from the first in seconds, and is where it is missing, damaged or far behind. The first is made
by the embedder: what it lacks of the store's events is embedded, and no more.
"""

import asyncio
import logging
import re
import sqlite3
import threading
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from graph.stores.protocol import Search, Store
from graph.vectors.protocol import REBUILD, Neighbor, check_dimension, refuse_other
from graph.vectors.vector_file import Half, NewerFormat, VectorFile
from schemas.embeddings import EmbedderInfo, Vectors
from schemas.errors import StoreUnavailable

_log = logging.getLogger("cometgraph.index")
_FILE = "vectors.sqlite"
_CONNECTIVITY = 16
_EXPANSION_ADD = 96
_EXPANSION_SEARCH = 512
"""With these, 0.995 of the ten nearest are found among 33,000 events.

What is searched has numbers of 8 bits: with the candidates compared again by the vectors, as many are found as with 16,
in half the time and half the room.
"""
_EXACT = 4_096
"""So few vectors are all compared: that is as quick, and misses none."""
_BEHIND = 1_024
"""So many vectors may be in memory alone when the index is settled."""
_PAGE = 10_000
_SPARE = 10
T = TypeVar("T")


async def open_embedded_index(store: Store, made: EmbedderInfo, *, read_only: bool, rebuild: bool) -> "EmbeddedIndex":
    """See graph.vectors.connect.open_index."""
    index = EmbeddedIndex(store, read_only=read_only)
    try:
        await asyncio.to_thread(index.open, made, rebuild)
    except BaseException:
        await index.close()
        raise
    return index


class EmbeddedIndex:
    """See graph.vectors.protocol.VectorIndex. One thread reads, one writes."""

    def __init__(self, store: Store, *, read_only: bool) -> None:
        self.repaired = ""
        self._store = store
        self._folder = Path(store.address)
        self._read_only = read_only
        self._reading = ThreadPoolExecutor(1, "index reads")
        self._writing = ThreadPoolExecutor(1, "index writes")
        self._lock = threading.Lock()
        """Guards what is searched: usearch may not be searched and added to at once."""
        self._files: list[VectorFile] = []

    def open(self, made: EmbedderInfo, rebuild: bool) -> None:
        """Open what is there, or begin. Raises BadInput, StoreUnavailable."""
        self._translated(lambda: self._open(made, rebuild))

    async def nearest(self, vectors: Vectors, k: int, *, generated: bool = False) -> list[list[Neighbor]]:
        check_dimension(vectors, self._made)
        if generated:
            return await self._run(self._reading, lambda: [self._nearest(vector, k) for vector in vectors])
        return [await self._nearest_shown(vector, k) for vector in vectors]

    async def vectors(self, events: Sequence[str]) -> dict[str, Vectors]:
        def found() -> dict[str, Vectors]:
            return dict(zip(*self._reader.by_text(events), strict=True))

        return await self._run(self._reading, found)

    async def missing(self, events: Sequence[str] | None = None) -> list[str]:
        if events is not None:
            known = await self.vectors(events)
            return [event for event in events if event not in known]
        stored = set[str]()
        after = ""
        while page := await self._store.events(Search(_PAGE, after=after, generated=True)):
            stored.update(page)
            after = page[-1]

        def compare() -> tuple[list[str], set[str]]:
            known = self._reader.texts()
            return sorted(stored - known), known - stored

        missing, gone = await self._run(self._reading, compare)
        if gone and not self._read_only:
            await self._run(self._writing, lambda: self._writer.remove(gone))
        return missing

    async def add(self, events: Sequence[str], vectors: Vectors) -> None:
        check_dimension(vectors, self._made)
        await self._run(self._writing, lambda: self._add(events, vectors))

    async def optimize(self) -> None:
        if not self._read_only:
            await self._run(self._writing, self._settle)

    async def count(self) -> int:
        return await self._run(self._reading, self._reader.count)

    async def close(self) -> None:
        for threads in (self._reading, self._writing):
            await asyncio.to_thread(threads.shutdown)
        for file in self._files:
            file.close()

    async def _run(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(threads, self._translated, work)

    def _translated(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the index of {self._folder} failed: {error}") from error

    # --- opening ---

    def _open(self, made: EmbedderInfo, rebuild: bool) -> None:
        path = self._folder / _FILE
        if not self._read_only:
            self._make_ready(path, made, rebuild)
        try:
            self._reader = self._opened(path, read_only=True)
            self._writer = self._reader if self._read_only else self._opened(path, read_only=False)
        except FileNotFoundError:
            raise StoreUnavailable(f"{self._folder} has no index of its events; `{REBUILD}` makes it") from None
        except NewerFormat as error:
            raise self._newer(error) from error
        self._made = self._reader.made
        refuse_other(self._made, made)
        self._main, self._covered = self._mapped()
        self._recent = self._empty()
        for keys, vectors in self._writer.after(self._covered, _PAGE):
            self._recent.add(np.array(keys, np.uint64), vectors, threads=0)

    def _opened(self, path: Path, *, read_only: bool) -> VectorFile:
        file = VectorFile(path, read_only=read_only)
        self._files.append(file)
        return file

    def _make_ready(self, path: Path, made: EmbedderInfo, rebuild: bool) -> None:
        """A whole file of this format and embedder, without a vector if need be."""
        try:
            file = VectorFile(path)
        except FileNotFoundError:
            VectorFile.create(path, made)
            return
        except NewerFormat as error:
            if not rebuild:
                raise self._newer(error) from error
            VectorFile.create(path, made)
            return
        except sqlite3.DatabaseError as error:
            self._mend(path, made, error)
            return
        try:
            file.check()
            damage = None
        except sqlite3.DatabaseError as error:
            damage = error
        finally:
            file.close()
        if damage is not None:
            self._mend(path, made, damage)
        elif rebuild and not file.made.fits(made):
            VectorFile.create(path, made)

    def _mend(self, path: Path, made: EmbedderInfo, error: sqlite3.DatabaseError) -> None:
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            raise error
        self._tell(f"{path.name} was damaged ({error}); it is made anew")
        VectorFile.create(path, made)

    def _newer(self, error: NewerFormat) -> StoreUnavailable:
        reason = f"{self._folder} has an index of a newer version ({error}); `{REBUILD}` makes it anew"
        return StoreUnavailable(reason, retry_after=None)

    def _tell(self, what: str) -> None:
        _log.warning("%s: %s", self._folder, what)
        self.repaired = what

    # --- searching ---

    def _nearest(self, vector: Vectors, k: int) -> list[Neighbor]:
        """Ask for more than `k`, as bytes are compared roughly, and for more still where some have gone."""
        asked = 2 * k + _SPARE
        while True:
            with self._lock:
                parts = (self._main, self._recent)
                size = sum(map(len, parts))
                keys = [key for part in parts for key in self._search(part, vector, asked)]
            texts, rows = self._reader.by_id(keys)
            if len(texts) >= k or asked >= size:
                break
            asked *= 4
        lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(vector)
        cosines: list[float] = (rows @ vector / lengths).tolist() if texts else []
        found = [Neighbor(text, cosine) for text, cosine in zip(texts, cosines, strict=True)]
        return sorted(found, key=lambda near: (-near.similarity, near.event))[:k]

    async def _nearest_shown(self, vector: Vectors, k: int) -> list[Neighbor]:
        """Ask for more and more, until `k` are left that the store shows unasked, or there are no more."""
        asked = k
        while True:
            near = await self._run(self._reading, partial(self._nearest, vector, asked))
            shown = await self._store.shown([one.event for one in near])
            found = [one for one in near if one.event in shown]
            if len(found) >= k or len(near) < asked:
                return found[:k]
            asked *= 4

    @staticmethod
    def _search(part: Any, vector: Vectors, k: int) -> list[int]:
        if not len(part):
            return []
        found = part.search(vector, min(k, len(part)), exact=len(part) <= _EXACT, threads=1)
        return found.keys.tolist()

    # --- writing ---

    def _add(self, events: Sequence[str], vectors: Vectors) -> None:
        halves: Half = vectors.astype(np.float16)
        new = self._writer.add(events, halves)
        if not new:
            return
        keys, places = np.array([key for key, _ in new], np.uint64), [place for _, place in new]
        with self._lock:
            self._recent.add(keys, halves[places], threads=0)

    def _settle(self) -> None:
        is_behind = len(self._recent) > _BEHIND
        covered = self._writer.count(self._covered)
        has_gone = len(self._main) > 2 * covered
        if not (is_behind or has_gone):
            return
        if has_gone or not len(self._main):
            fresh = self._empty() if has_gone else self._recent
            after = 0 if has_gone else None
        else:
            fresh = self._empty()
            fresh.load(str(self._path(self._writer.value("number", 0))))
            after = self._covered
        if after is not None:
            for keys, vectors in self._writer.after(after, _PAGE):
                fresh.add(np.array(keys, np.uint64), vectors, threads=0)
        self._replace(fresh)

    def _replace(self, fresh: Any) -> None:
        """Write what is searched to a new file, and search that."""
        before = self._writer.value("number", 0)
        path = self._path(before + 1)
        part = path.with_name(f"{path.name}.part")
        try:
            fresh.save(str(part))
        except RuntimeError as error:
            part.unlink(missing_ok=True)
            raise StoreUnavailable(f"{path} cannot be written: {error}") from error
        part.replace(path)
        covered = self._writer.last()
        self._writer.keep(number=before + 1, covered=covered, checksum=_checksum(path))
        main = _view(path)
        with self._lock:
            self._main, self._covered, self._recent = main, covered, self._empty()
        self._path(before).unlink(missing_ok=True)

    def _path(self, number: int) -> Path:
        return self._folder / f"vectors-{number}.usearch"

    def _empty(self) -> Any:
        from usearch.index import Index

        return Index(
            ndim=self._made.dimension,
            metric="cos",
            dtype="i8",
            connectivity=_CONNECTIVITY,
            expansion_add=_EXPANSION_ADD,
            expansion_search=_EXPANSION_SEARCH,
        )

    def _mapped(self) -> tuple[Any, int]:
        """What is searched, mapped into memory, and the last id that it covers; nothing where it is missing or damaged.

        A damaged file would be read out of bounds, so its checksum is compared.
        """
        number = self._reader.value("number", 0)
        path = self._path(number)
        if not self._read_only:
            self._remove_leftovers(path)
        if number == 0:
            return self._empty(), 0
        if path.exists() and _checksum(path) == self._reader.value("checksum", -1):
            return _view(path), self._reader.value("covered", 0)
        self._tell(f"{path.name} was {'damaged' if path.exists() else 'missing'}; it is made again from the vectors")
        return self._empty(), 0

    def _remove_leftovers(self, current: Path) -> None:
        for path in self._folder.iterdir():
            if re.fullmatch(r"vectors-\d+\.usearch(\.part)?", path.name) and path != current:
                path.unlink()


def _view(path: Path) -> Any:
    from usearch.index import Index

    try:
        view: Any = Index.restore(  # pyright: ignore[reportUnknownMemberType] (its **kwargs)
            str(path), view=True, expansion_search=_EXPANSION_SEARCH
        )
    except RuntimeError as error:
        raise StoreUnavailable(f"{path} cannot be read: {error}") from error
    assert view is not None
    return view


def _checksum(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            crc = zlib.crc32(block, crc)
    return crc
