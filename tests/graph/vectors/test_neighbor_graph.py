"""Search among the vectors of a file, beside a comparison of all vectors."""

import shutil
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from graph.vectors.neighbor_graph import NeighborGraph, open_neighbor_graph
from graph.vectors.vector_file import VectorFile
from schemas.embeddings import EmbedderInfo

EMBEDDER = EmbedderInfo("random", "0123456789ab", 16)
MANY = 1_100
"""Enough vectors for a file of neighbors."""
STEPS = st.sampled_from(["add some", "add many", "remove some", "remove most", "remove all", "optimize"])
RUNS = st.lists(st.lists(STEPS, max_size=4), min_size=1, max_size=3)
"""The changes of each process that opens the files."""


def units(count: int, seed: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, 16)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@contextmanager
def opened(folder: Path, *, read_only: bool = False) -> Generator[tuple[VectorFile, NeighborGraph, str]]:
    if not (folder / "vectors.sqlite").exists():
        VectorFile.create(folder / "vectors.sqlite", EMBEDDER)
    with closing(VectorFile.open(folder / "vectors.sqlite", read_only=read_only)) as file:
        yield file, *open_neighbor_graph(folder, file, read_only=read_only)


def add(file: VectorFile, graph: NeighborGraph, count: int) -> None:
    first = file.last() + 1
    vectors = units(count, seed=first).astype(np.float16)
    new = file.add([f"PersonX waits {first + n}" for n in range(count)], vectors)
    graph.add([key for key, _ in new], vectors)


def remove(file: VectorFile, *, one_of: int) -> None:
    """Remove one event of each `one_of`. Below 0: all others instead."""
    texts = sorted(file.texts())
    chosen = set(texts[:: abs(one_of)])
    file.remove(chosen if one_of > 0 else set(texts) - chosen)


def assert_exact(file: VectorFile, graph: NeighborGraph) -> None:
    """The nearest events are among the results, and all events are results of a large search."""
    live: dict[int, NDArray[np.float16]] = {}
    for keys, rows in file.after(0, 500):
        live |= dict(zip(keys, rows, strict=True))
    queries = units(3, seed=99)
    keys, is_all = graph.search(queries[0], 10**9)
    assert is_all
    assert len(keys) == len(set(keys))
    assert live.keys() <= set(keys)
    if not live:
        return
    matrix = np.array(list(live.values()), np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    for query in queries:
        order: list[int] = np.argsort(-(matrix @ query))[:5].tolist()
        nearest = {list(live)[n] for n in order}
        size = 20
        while not nearest <= set(keys := graph.search(query, size)[0]) and len(live.keys() & set(keys)) < 20:
            size *= 4  # deleted events were among the results
        assert nearest <= set(keys)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("vectors-*"))


def change(file: VectorFile, graph: NeighborGraph, step: str) -> None:
    match step:
        case "add some":
            add(file, graph, 30)
        case "add many":
            add(file, graph, MANY if file.last() < 2 * MANY else 30)
        case "remove some":
            remove(file, one_of=3)
        case "remove most":
            remove(file, one_of=-4)
        case "remove all":
            remove(file, one_of=1)
        case _:
            graph.optimize()


@given(RUNS)
@example([["add many", "optimize", "remove most", "optimize", "add some"], ["add many", "optimize"]])
@example([["add many", "optimize", "remove all", "optimize"], ["add many", "optimize"]])
@settings(max_examples=10, deadline=None)
def test_the_nearest_are_found_after_any_changes(
    tmp_path_factory: pytest.TempPathFactory, runs: list[list[str]]
) -> None:
    folder = tmp_path_factory.mktemp("neighbors")
    for steps in runs:
        with opened(folder) as (file, graph, damage):
            assert damage == ""
            for step in steps:
                change(file, graph, step)
            assert_exact(file, graph)
            number = file.value("number", 0)
        assert files(folder) == ([f"vectors-{number}.usearch"] if number else [])
    shutil.rmtree(folder)


def test_a_file_of_deleted_events_gives_way_to_one_of_the_others(tmp_path: Path) -> None:
    with opened(tmp_path) as (file, graph, _):
        add(file, graph, MANY)
        graph.optimize()
        whole = (tmp_path / "vectors-1.usearch").stat().st_size
        remove(file, one_of=3)
        graph.optimize()
        assert files(tmp_path) == ["vectors-1.usearch"]  # a third is not worth a new file
        remove(file, one_of=3)
        graph.optimize()
        assert files(tmp_path) == ["vectors-2.usearch"]
        assert (tmp_path / "vectors-2.usearch").stat().st_size < whole * 0.6
        assert len(graph.search(units(1, seed=1)[0], MANY)[0]) == file.count()


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of neighbors, closed. Tests take copies."""
    folder = tmp_path_factory.mktemp("indexed")
    with opened(folder) as (file, graph, _):
        add(file, graph, MANY)
        graph.optimize()
        add(file, graph, 30)
    return folder


@given(st.integers(0), st.integers(1, 255))
@settings(max_examples=4, deadline=None)
def test_one_wrong_byte_anywhere_is_found_and_mended(
    tmp_path_factory: pytest.TempPathFactory, indexed: Path, place: int, change: int
) -> None:
    folder = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("wrong") / "folder"))
    path = folder / "vectors-1.usearch"
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= change
    path.write_bytes(data)
    for read_only in (True, False):
        with opened(folder, read_only=read_only) as (file, graph, damage):
            assert damage == "vectors-1.usearch was damaged; it is rebuilt from the vectors"
            assert_exact(file, graph)
            if not read_only:
                graph.optimize()
    with opened(folder) as (file, graph, damage):
        assert damage == ""
        assert_exact(file, graph)
    shutil.rmtree(folder)


def test_damage_of_a_small_file_is_told_once(tmp_path: Path) -> None:
    with opened(tmp_path) as (file, graph, _):
        add(file, graph, MANY)
        graph.optimize()
        remove(file, one_of=-4)
        graph.optimize()
    (tmp_path / "vectors-2.usearch").unlink()
    for damage in ("vectors-2.usearch was missing; it is rebuilt from the vectors", ""):
        with opened(tmp_path) as (file, graph, told):
            assert told == damage
            assert_exact(file, graph)
            graph.optimize()


def test_a_writer_removes_earlier_files_and_a_reader_none(indexed: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(indexed, tmp_path / "folder"))
    for name in ("vectors-0.usearch", "vectors-2.usearch", "vectors-2.usearch.part", "vectors-x.usearch"):
        (folder / name).write_bytes(b"left")
    before = files(folder)
    with opened(folder, read_only=True) as (file, graph, damage):
        assert (damage, files(folder)) == ("", before)
        assert_exact(file, graph)
    with opened(folder) as (_, _, damage):
        assert (damage, files(folder)) == ("", ["vectors-1.usearch", "vectors-x.usearch"])
