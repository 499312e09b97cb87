"""Search among the vectors of a file, by the graph of neighbors of usearch (HNSW).

STORE/vectors-N.usearch has the graph of most vectors, mapped into memory. A second graph in memory has the latest ones.
Both have numbers of 8 bits. The caller compares the results again by the vectors of the file. That finds as many of the
ten nearest as 16 bits, in half the time and half the memory: 0.995 among 33,000 events.
"""

import re
import threading
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from graph.atomic_write import atomic_write
from graph.vectors.vector_file import Half, VectorFile
from schemas.embeddings import Vectors
from schemas.errors import StoreUnavailable

_CONNECTIVITY = 16
_EXPANSION_ADD = 96
_EXPANSION_SEARCH = 512
_EXACT = 4_096
"""Up to this number of vectors, a search compares all of them: it is as fast, and exact."""
_RECENT = 1_024
"""Vectors in memory only before `optimize` writes a new file."""
_BATCH = 10_000


def open_neighbor_graph(folder: Path, vectors: VectorFile, *, read_only: bool) -> tuple["NeighborGraph", str]:
    """The graph of neighbors in a folder, and the damage of its file ("" if none).

    A missing or damaged file is no error: `optimize` writes a new one. The checksum protects the search, as usearch
    would read a damaged file out of bounds. A writer also removes files of earlier graphs.

    Raises StoreUnavailable for an unreadable file.
    """
    number = vectors.value("number", 0)
    path = _path(folder, number)
    if not read_only:
        _remove_leftovers(folder, path)
    main, covered, damage = _empty(vectors.embedder.dimension), 0, ""
    if number:
        if path.exists() and _checksum(path) == vectors.value("checksum", -1):
            main, covered = _view(path), vectors.value("covered", 0)
        else:
            damage = f"{path.name} was {'damaged' if path.exists() else 'missing'}; it is rebuilt from the vectors"
    recent = _empty(vectors.embedder.dimension)
    _add_after(recent, vectors, covered)
    return NeighborGraph(folder, vectors, main, recent, covered), damage


class NeighborGraph:
    """The graphs of a folder. One thread searches while another one adds and optimizes."""

    def __init__(self, folder: Path, vectors: VectorFile, main: Any, recent: Any, covered: int) -> None:
        """main: the graph of the ids up to `covered`. recent: the graph of the others."""
        self._folder = folder
        self._vectors = vectors
        self._main = main
        self._recent = recent
        self._covered = covered
        self._lock = threading.Lock()
        """usearch allows no search during an addition."""

    def search(self, vector: Vectors, count: int) -> tuple[list[int], bool]:
        """About `count` nearest ids of each graph, and True for all ids. Ids of deleted events may be among them."""
        with self._lock:
            parts = (self._main, self._recent)
            keys = [key for part in parts for key in _search(part, vector, count)]
            return keys, count >= sum(map(len, parts))

    def add(self, keys: list[int], halves: Half) -> None:
        """Add vectors of new ids."""
        with self._lock:
            self._recent.add(np.array(keys, np.uint64), halves, threads=0)

    def optimize(self) -> None:
        """Write a new file after damage, for many vectors in memory only, or if half of the file is of deleted events.

        Raises StoreUnavailable for a failed write.
        """
        is_lost = self._covered == 0 and self._vectors.value("number", 0) > 0
        is_behind = len(self._recent) > (0 if is_lost else _RECENT)
        is_half_deleted = len(self._main) > 2 * self._vectors.count(self._covered)
        if is_half_deleted:
            graph = _empty(self._vectors.embedder.dimension)
            _add_after(graph, self._vectors, 0)
            self._replace(graph)
        elif is_behind and len(self._main):
            graph = _empty(self._vectors.embedder.dimension)
            graph.load(str(_path(self._folder, self._vectors.value("number", 0))))
            _add_after(graph, self._vectors, self._covered)
            self._replace(graph)
        elif is_behind:
            self._replace(self._recent)

    def _replace(self, graph: Any) -> None:
        """Write a graph to a new file, and search that."""
        number = self._vectors.value("number", 0)
        path = _path(self._folder, number + 1)
        try:
            with atomic_write(path) as part:
                graph.save(str(part))
        except (OSError, RuntimeError) as error:
            raise StoreUnavailable(f"{path} cannot be written: {error}") from error
        covered = self._vectors.last()
        self._vectors.set_values(number=number + 1, covered=covered, checksum=_checksum(path))
        main = _view(path)
        with self._lock:
            self._main, self._covered, self._recent = main, covered, _empty(self._vectors.embedder.dimension)
        _path(self._folder, number).unlink(missing_ok=True)


def _path(folder: Path, number: int) -> Path:
    return folder / f"vectors-{number}.usearch"


def _remove_leftovers(folder: Path, current: Path) -> None:
    for path in folder.iterdir():
        if re.fullmatch(r"vectors-\d+\.usearch(\.part)?", path.name) and path != current:
            path.unlink()


def _empty(dimension: int) -> Any:
    from usearch.index import Index

    return Index(
        ndim=dimension,
        metric="cos",
        dtype="i8",
        connectivity=_CONNECTIVITY,
        expansion_add=_EXPANSION_ADD,
        expansion_search=_EXPANSION_SEARCH,
    )


def _add_after(graph: Any, vectors: VectorFile, last: int) -> None:
    """Add the vectors after the id `last`."""
    for keys, halves in vectors.after(last, _BATCH):
        graph.add(np.array(keys, np.uint64), halves, threads=0)


def _search(graph: Any, vector: Vectors, count: int) -> list[int]:
    if not len(graph):
        return []
    matches = graph.search(vector, min(count, len(graph)), exact=len(graph) <= _EXACT, threads=1)
    return matches.keys.tolist()


def _view(path: Path) -> Any:
    """The graph in a file, mapped into memory."""
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
