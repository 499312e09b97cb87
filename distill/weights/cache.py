"""The cache of merged and converted weights, filled at first use.

A child process fills a folder beside its place, writes a manifest last, and the folder is renamed. So a folder is whole
or missing. Folders are filled one at a time, since two processes with torch would compete for cores and memory.
"""

import fcntl
import json
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from safetensors import SafetensorError

from distill.weights import child
from schemas.errors import Unavailable
from schemas.progress import Progress

_MANIFEST = "whole.json"
_ONE_AT_A_TIME = "prepare.lock"


def clear(cache: Path) -> int:
    """Remove all folders of the cache, and no other file. Returns the freed bytes."""
    freed = 0
    for lock in cache.glob("*/*.lock"):
        for folder in (lock.with_suffix(""), lock.with_suffix(".new")):
            freed += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            shutil.rmtree(folder, ignore_errors=True)
        lock.unlink()
        with suppress(OSError):  # it has other files
            lock.parent.rmdir()
    (cache / _ONE_AT_A_TIME).unlink(missing_ok=True)
    return freed


def cached(home: Path, name: str, fill: Callable[[Path, Progress], None], what: str, progress: Progress) -> Path:
    """A folder of the cache. It is filled if it is missing or damaged.

    home: the model's part of the cache.
    name: the folder's name in it.
    fill: writes the content into an empty folder. It runs in a child process, so it must be picklable.
    what: the model, for messages.
    Raises Unavailable for a full disk or a failed child process, and the errors of `fill`.
    """
    folder = home / name
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _locked(home / f"{name}.lock"):
            if is_whole(folder):
                return folder
            with _locked(home.parent / _ONE_AT_A_TIME):
                _fill(folder, fill, what, progress)
    except OSError as error:
        where = error.filename or folder
        raise Unavailable(f"{what} cannot be prepared: {where}: {error.strerror or error}") from error
    except SafetensorError as error:  # its error for a full disk
        raise Unavailable(f"{what} cannot be prepared: {folder}: {error}") from error
    return folder


def _fill(folder: Path, fill: Callable[[Path, Progress], None], what: str, progress: Progress) -> None:
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    new.mkdir()
    try:
        child.run(f"preparing {what}", fill, new, progress=progress)
        sizes = {p.name: p.stat().st_size for p in new.iterdir()}
        (new / _MANIFEST).write_text(json.dumps(sizes))
        new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def is_whole(folder: Path) -> bool:
    """True for a complete folder of the cache: its files have the sizes of the manifest."""
    try:
        sizes: dict[str, int] = json.loads((folder / _MANIFEST).read_text())
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False


@contextmanager
def _locked(path: Path) -> Generator[None]:
    """Hold a lock among processes. Without it, processes that start together would do the same work."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def whole_folders(home: Path) -> list[tuple[str, int]]:
    """The complete folders of a model: name and size in bytes."""
    folders = sorted(path for path in home.glob("*") if path.is_dir() and is_whole(path))
    return [(path.name, sum(p.stat().st_size for p in path.iterdir())) for path in folders]
