"""The cache of weights: a folder is whole or made again, once for all who ask at the same time."""

import hashlib
import json
import os
import shutil
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest

from distill.weights.cache import cached, clear, is_whole, whole_folders
from schemas.errors import BadFile, CometgraphError, Unavailable
from schemas.progress import Progress, silent

CONTENT = {"model.bin": b"weights" * 1000, "config.json": b"{}"}


def fill(log: Path, work: int, folder: Path, progress: Progress) -> None:
    """Write the weights, and two lines in the log."""
    _note(log, f"begin {folder.parent.name}")
    progress("writing", 1, 2)
    for name, content in CONTENT.items():
        (folder / name).write_bytes(content)
    hashlib.pbkdf2_hmac("sha256", b"", b"", work)  # long enough to meet another
    _note(log, f"end {folder.parent.name}")


def fail(error: CometgraphError | OSError, folder: Path, _progress: Progress) -> None:
    (folder / "model.bin").write_bytes(b"half")
    raise error


def die(folder: Path, _progress: Progress) -> None:
    (folder / "model.bin").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)


def _note(log: Path, line: str) -> None:
    with log.open("a") as lines:
        lines.write(line + "\n")


def made(cache: Path, model: str = "one", progress: Progress = silent, work: int = 1) -> Path:
    return cached(cache / model, "merged", partial(fill, cache.parent / "log", work), "the model", progress)


def log_of(cache: Path) -> list[str]:
    log = cache.parent / "log"
    return log.read_text().splitlines() if log.exists() else []


def content_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "whole.json"}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the folder of one model."""
    cache = tmp_path_factory.mktemp("first") / "cache"
    seen: list[tuple[str, int, int]] = []
    folder = made(cache, progress=lambda what, done, total: seen.append((what, done, total)))
    assert (folder, content_of(folder)) == (cache / "one" / "merged", CONTENT)
    assert seen == [("writing", 1, 2)]
    return cache


@pytest.fixture
def cache(first: Path, tmp_path: Path) -> Path:
    """A copy of it, for changes."""
    return shutil.copytree(first, tmp_path / "cache")


def killed(folder: Path) -> None:
    """As a kill leaves it: the folder still has its other name, and not all files."""
    new = folder.rename(folder.with_suffix(".new"))
    (new / "whole.json").unlink()
    (new / "junk").write_text("half")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no manifest": lambda folder: (folder / "whole.json").unlink(),
    "half a manifest": lambda folder: (folder / "whole.json").write_text('{"model'),
    "no weights": lambda folder: (folder / "model.bin").unlink(),
    "half the weights": lambda folder: (folder / "model.bin").write_bytes(b"weights"),
    "longer weights": lambda folder: (folder / "config.json").write_bytes(b"{}\n"),
    "killed": killed,
}


def test_a_whole_folder_is_used_again(cache: Path) -> None:
    assert content_of(made(cache)) == CONTENT
    assert log_of(cache) == []
    size = sum(path.stat().st_size for path in (cache / "one" / "merged").iterdir())
    assert whole_folders(cache / "one") == [("merged", size)]


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_incomplete_folder_is_made_again(cache: Path, damage: str) -> None:
    folder = cache / "one" / "merged"
    DAMAGES[damage](folder)
    assert not is_whole(folder)
    assert whole_folders(cache / "one") == []
    assert content_of(made(cache)) == CONTENT
    assert log_of(cache) == ["begin one", "end one"]
    assert sorted(path.name for path in (cache / "one").iterdir()) == ["merged", "merged.lock"]


def test_who_asks_at_the_same_time_gets_one_folder(tmp_path: Path) -> None:
    cache, together = tmp_path / "cache", Barrier(4)

    def ask(_n: int) -> Path:
        together.wait()
        return made(cache)

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(ask, range(4))) == {cache / "one" / "merged"}
    assert log_of(cache) == ["begin one", "end one"]


def test_two_models_are_made_one_after_the_other(tmp_path: Path) -> None:
    cache, together = tmp_path / "cache", Barrier(2)

    def ask(model: str) -> bool:
        together.wait()
        return is_whole(made(cache, model, work=500_000))

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(ask, ["one", "two"])) == [True, True]
    words = [line.split() for line in log_of(cache)]
    assert [word for word, _ in words] == ["begin", "end", "begin", "end"]
    assert [model for _, model in words] in (["one", "one", "two", "two"], ["two", "two", "one", "one"])


@pytest.mark.parametrize(
    ("work", "kind", "reason"),
    [
        (partial(fail, BadFile("base", "damaged")), BadFile, "base: damaged"),
        (
            partial(fail, OSError(28, "No space left", "/disk")),
            Unavailable,
            "the model cannot be prepared: /disk: No",
        ),
        (die, Unavailable, "preparing the model was ended by SIGKILL"),
    ],
    ids=["refused", "full disk", "killed"],
)
def test_a_failure_leaves_nothing(
    tmp_path: Path, work: Callable[[Path, Progress], None], kind: type[CometgraphError], reason: str
) -> None:
    with pytest.raises(kind, match=reason):
        cached(tmp_path / "one", "merged", work, "the model", silent)
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["merged.lock"]
    assert whole_folders(tmp_path / "one") == []


def test_clearing_counts_what_it_frees_and_keeps_other_files(cache: Path) -> None:
    shutil.copytree(cache / "one", cache / "two")
    half = cache / "one" / "merged.new"
    half.mkdir()
    (half / "half").write_bytes(b"1234")
    (cache / "two" / "notes.txt").write_text("mine")
    size = sum(map(len, CONTENT.values())) + len(json.dumps({name: len(c) for name, c in CONTENT.items()}))
    assert clear(cache) == 2 * size + 4
    assert [path.relative_to(cache).as_posix() for path in cache.rglob("*")] == ["two", "two/notes.txt"]
    assert clear(cache) == 0
