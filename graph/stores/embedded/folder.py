"""The folder of an embedded store: its manifest, its lock, and leftovers of a stop.

STORE/store.json        manifest: the number N of the current graph, written last
STORE/graph-N.lbug      the graph
STORE/events-N.sqlite   its text index
STORE/links-N.sqlite    its link keys
STORE/lock              lock of the writing process
STORE/pages.lock        lock of the graph files, for a change or an opening
STORE/load-PID          files of a load under way
STORE/vectors…          the vector index (graph/vectors/embedded.py), common to all graph files
"""

import fcntl
import os
import re
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import orjson

from graph.atomic_write import atomic_write
from schemas.errors import BadInput, StoreLocked, StoreUnavailable

VERSION = 4
"""Version 4: links have a rule, a confidence and a reading. A writer brings a store of version 3 up to date."""
_PREVIOUS = 3
_OURS = re.compile(
    r"store\.json(\.part)?|lock|pages\.lock|load-\d+|graph-\d+\.lbug([.-].+)?|(events|links)-\d+\.sqlite([.-].+)?"
    r"|vectors\.sqlite([.-].+)?|vectors-\d+\.usearch(\.part)?"
)
_NUMBERED = re.compile(r"graph-\d+\.lbug|(events|links)-\d+\.sqlite")


@dataclass(frozen=True, slots=True)
class Manifest:
    """The current files."""

    number: int
    """Number in the names of the files."""
    is_outdated: bool = False
    """True for the version before this one."""

    @property
    def graph(self) -> str:
        """Name of the graph file."""
        return f"graph-{self.number}.lbug"

    @property
    def index(self) -> str:
        """Name of the text index."""
        return f"events-{self.number}.sqlite"

    @property
    def links(self) -> str:
        """Name of the link keys."""
        return f"links-{self.number}.sqlite"


def refuse_foreign(folder: Path) -> None:
    """Raises BadInput for a folder with foreign files: no write and no cleanup may touch it."""
    if (folder / "store.json").exists() or not folder.exists():
        return
    foreign = sorted(path.name for path in folder.iterdir() if not _OURS.fullmatch(path.name))
    if foreign:
        raise BadInput.of("store", str(folder), f"a store or an empty folder (it has {foreign[0]!r} in it)")


def lock_for_writing(folder: Path) -> IO[str]:
    """The lock for writing. Closing it releases it.

    Raises StoreLocked while another process has it, and BadInput without write permission.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("a+")
    except OSError as error:
        raise BadInput.of("store", str(folder), f"a writable folder ({error.strerror})") from error
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


@contextmanager
def pages_locked(folder: Path, *, shared: bool = False) -> Generator[None]:
    """No other process changes the graph files meanwhile. shared: for opening them, beside others that do.

    A commit may end with a checkpoint, which moves pages from the log into the graph file. A reader that opens the
    files in the middle of one sees neither state.
    """
    path = folder / "pages.lock"
    if shared and not path.exists():  # no writer ever came
        yield
        return
    with path.open("rb" if shared else "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest. None in a folder without a store.

    Raises StoreUnavailable for a damaged manifest, or one of another version than this and the one before.
    """
    path = folder / "store.json"
    if not path.exists():
        return None
    try:
        content = orjson.loads(path.read_bytes())
        version = content["version"]
        if version not in (VERSION, _PREVIOUS):  # its other members may be others, too
            raise StoreUnavailable(
                f"{folder} was written by another version (store {version}, here {VERSION}); "
                "load the data into a new folder"
            )
        return Manifest(content["number"], is_outdated=version == _PREVIOUS)
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise StoreUnavailable(f"{path} is damaged; load the data into a new folder") from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Make these files the current ones, at once or not at all."""
    with atomic_write(folder / "store.json") as part:
        part.write_bytes(orjson.dumps({"version": VERSION, "number": manifest.number}))


def remove_leftovers(folder: Path, manifest: Manifest | None) -> None:
    """Remove the files of earlier graphs and of loads after a stop."""
    current = {manifest.graph, manifest.index, manifest.links} if manifest else set[str]()
    for path in folder.iterdir():
        if path.name.startswith("load-") and _OURS.fullmatch(path.name):
            shutil.rmtree(path)
        elif (name := _NUMBERED.match(path.name)) and _OURS.fullmatch(path.name) and name[0] not in current:
            path.unlink(missing_ok=True)  # a closing graph removes its own log
