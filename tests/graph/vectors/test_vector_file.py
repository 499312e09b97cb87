"""Vectors of events in one file."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graph.vectors.vector_file import Half, VectorFile
from schemas.embeddings import EmbedderInfo

EMBEDDER = EmbedderInfo("random", "0123456789ab", 8)
NAMES = st.lists(st.sampled_from("abcdefgh"), max_size=6)
CHANGES = st.lists(st.tuples(st.sampled_from(["add", "add", "remove"]), NAMES), max_size=6)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vectors") / "vectors 0?.sqlite"


def created(path: Path) -> VectorFile:
    VectorFile.create(path, EMBEDDER)
    return VectorFile.open(path)


def halves(count: int, first: int = 0) -> Half:
    """Vectors that all differ."""
    return np.arange(first * 8, (first + count) * 8, dtype=np.float16).reshape(count, 8)


@given(CHANGES, st.integers(1, 3))
@example([("add", ["a", "b"]), ("remove", ["b"]), ("add", ["c"])], 1)
@settings(max_examples=20, deadline=None)
def test_an_event_keeps_its_first_vector_and_no_number_comes_twice(
    path: Path, changes: list[tuple[str, list[str]]], batch: int
) -> None:
    expected: dict[str, tuple[int, list[float]]] = {}
    highest = 0
    with closing(created(path)) as file:
        for step, (kind, names) in enumerate(changes):
            if kind == "remove":
                file.remove(names)
                expected = {name: value for name, value in expected.items() if name not in names}
                continue
            vectors = halves(len(names), first=10 * step)
            new = file.add(names, vectors)
            assert [names[position] for _, position in new] == [n for n in dict.fromkeys(names) if n not in expected]
            for key, position in new:
                assert key > highest
                highest = key
                expected[names[position]] = key, vectors[position].tolist()
        assert file.texts() == expected.keys()
        assert file.count() == len(expected)
        assert file.last() == max((key for key, _ in expected.values()), default=0)
        for last in {0, highest // 2, highest}:
            keys, rows = list[int](), list[list[float]]()
            for some_keys, some in file.after(last, batch):
                assert len(some_keys) == len(some) <= batch
                keys, rows = keys + some_keys, rows + some.tolist()
            later = sorted(value for value in expected.values() if value[0] > last)
            assert list(zip(keys, rows, strict=True)) == later
            assert file.count(last) == len(expected) - len(later)
        for texts, vectors in (file.by_text([*"abcdefgh"]), file.by_id(list(range(highest + 2)))):
            found = dict(zip(texts, vectors.tolist(), strict=True))
            assert found == {name: vector for name, (_, vector) in expected.items()}


def test_more_events_than_one_query_takes(path: Path) -> None:
    names = [f"PersonX waits {n}" for n in range(1201)]
    with closing(created(path)) as file:
        keys = [key for key, _ in file.add(names, halves(1201))]
        assert set(file.by_text(names)[0]) == set(file.by_id(keys)[0]) == set(names)
        assert file.by_id([])[1].shape == (0, 8)


def test_a_batch_with_an_error_changes_nothing(path: Path) -> None:
    with closing(created(path)) as file:
        file.add(["a"], halves(1))
        with pytest.raises(ValueError, match="shorter"):
            file.add(["b", "c"], halves(1))
        with pytest.raises(UnicodeEncodeError):
            file.add(["b", "\ud800"], halves(2))
        with pytest.raises(sqlite3.IntegrityError):
            file.set_values(number=1, covered=None)  # type: ignore[arg-type]
        assert (file.texts(), file.value("number", 0)) == ({"a"}, 0)
        assert file.add(["b"], halves(1)) == [(2, 0)]


def test_a_file_without_one_of_its_pages_is_damaged(path: Path, tmp_path: Path) -> None:
    with closing(created(path)) as file:
        file.add([f"PersonX waits {n}" for n in range(1000)], halves(1000))
        file.check()
    pages = path.stat().st_size // 4096
    assert pages > 10
    wrong, data = tmp_path / "vectors.sqlite", path.read_bytes()
    for page in range(0, pages * 4096, 4096):
        for damaged in (data[:page], data[:page] + b"\xff" * 4096 + data[page + 4096 :]):
            wrong.write_bytes(damaged)
            with pytest.raises(sqlite3.DatabaseError), closing(VectorFile.open(wrong, read_only=True)) as file:
                file.check()


@pytest.mark.parametrize("change", ["DELETE FROM meta WHERE name = 'version'", "UPDATE meta SET value = 'many'"])
def test_a_file_that_does_not_name_its_embedder_is_damaged(path: Path, change: str) -> None:
    created(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(change)
        connection.commit()
    with pytest.raises(sqlite3.DatabaseError, match="does not name its embedder"):
        VectorFile.open(path)


def test_a_new_file_takes_nothing_from_the_journal_of_the_old_one(path: Path, tmp_path: Path) -> None:
    with closing(created(path)) as file:
        file.add([f"PersonX waits {n}" for n in range(1000)], halves(1000))
    with closing(sqlite3.connect(path)) as writer:  # in a transaction that begins to write to the file
        writer.execute("PRAGMA cache_size = 1")
        writer.execute("UPDATE event SET text = text || ' again'")
        for end in ("", "-journal"):
            shutil.copy(f"{path}{end}", f"{tmp_path / 'vectors.sqlite'}{end}")
    VectorFile.create(tmp_path / "vectors.sqlite", EMBEDDER)
    with closing(VectorFile.open(tmp_path / "vectors.sqlite")) as file:
        file.check()
        assert file.texts() == set()
