"""The cache of what is made from models' files on first use: merged, converted.

A folder is filled in a child process, beside its place. It gets its manifest last and is renamed: it is whole, or it is
not there. One folder of a cache is filled at a time: two that need torch would share cores and memory.
"""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from distill.weights import child
from schemas.errors import Unavailable
from schemas.progress import Progress

_MANIFEST = "whole.json"
_ONE_AT_A_TIME = "prepare.lock"
_SAMPLE = 1 << 20


def clear(cache: Path) -> int:
    """Remove everything that was made from models' files, and nothing else; how many bytes that were."""
    freed = 0
    for lock in cache.glob("*/*.lock"):
        for folder in (lock.with_suffix(""), lock.with_suffix(".new")):
            freed += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            shutil.rmtree(folder, ignore_errors=True)
        lock.unlink()
        with suppress(OSError):  # something else is in it
            lock.parent.rmdir()
    (cache / _ONE_AT_A_TIME).unlink(missing_ok=True)
    return freed


def kept(
    home: Path,
    name: str,
    fill: Callable[[Path, Progress], None],
    what: str,
    progress: Progress,
    full: tuple[type[Exception], ...] = (),
) -> Path:
    """A folder of the cache, filled where it is missing or not whole.

    fill: runs in a child process, so it is a function that can be pickled. what: whose folder it is, for messages.
    full: errors of `fill`, other than OSError, that mean a full disk. Raises Unavailable where the folder cannot be
    filled now.
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
    except full as error:
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
    """True for a folder of the cache that was filled to its end."""
    try:
        sizes: dict[str, int] = json.loads((folder / _MANIFEST).read_text())
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False


@contextmanager
def _locked(path: Path) -> Generator[None]:
    """One process prepares; the others wait and find it done."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def whole_folders(home: Path) -> list[tuple[str, int]]:
    """What a home in the cache has that is whole: name and size in bytes."""
    folders = sorted(path for path in home.glob("*") if path.is_dir() and is_whole(path))
    return [(path.name, sum(p.stat().st_size for p in path.iterdir())) for path in folders]


def version_of(folder: Path) -> str:
    """Twelve hexadecimal digits that change with the weights; of large files the ends are read, not all."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in (".safetensors", ".bin", ".json") and path.is_file():
            digest.update(f"{path.name} {path.stat().st_size}\n".encode())
            with path.open("rb") as file:
                digest.update(file.read(_SAMPLE))
                file.seek(max(0, path.stat().st_size - _SAMPLE))
                digest.update(file.read(_SAMPLE))
    return digest.hexdigest()[:12]
