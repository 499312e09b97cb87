"""The folder of an embedded store: which files are the current ones, who may write, what is left over.

STORE/store.json      which graph file is the current one; written last, by rename
STORE/graph-N.lbug    the graph;  STORE/events-N.sqlite  its text index
STORE/lock            held by the process that writes
STORE/load-PID        the files of one load, while it runs
STORE/vectors…         the index of event vectors (graph/vectors/embedded.py), which outlives a graph file
"""

import fcntl
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import orjson

from schemas.errors import BadInput, StoreLocked, StoreUnavailable

VERSION = 2
"""2: edges have a log_prob."""
_OURS = re.compile(
    r"store\.json(\.part)?|lock|load-\d+|graph-\d+\.lbug([.-].+)?|events-\d+\.sqlite([.-].+)?"
    r"|vectors\.sqlite([.-].+)?|vectors-\d+\.usearch(\.part)?"
)
_NUMBERED = re.compile(r"graph-\d+\.lbug|events-\d+\.sqlite")


@dataclass(frozen=True, slots=True)
class Manifest:
    """Which files are current."""

    number: int

    @property
    def graph(self) -> str:
        """Name of the graph file."""
        return f"graph-{self.number}.lbug"

    @property
    def index(self) -> str:
        """Name of the text index."""
        return f"events-{self.number}.sqlite"


def refuse_foreign(folder: Path) -> None:
    """A folder with other things in it is not ours to write to, or to clean up."""
    if (folder / "store.json").exists() or not folder.exists():
        return
    foreign = sorted(path.name for path in folder.iterdir() if not _OURS.fullmatch(path.name))
    if foreign:
        raise BadInput.of("store", str(folder), f"a store or an empty folder (it has {foreign[0]!r} in it)")


def lock_for_writing(folder: Path) -> IO[str]:
    """The lock, held until it is closed. Raises StoreLocked where another process holds it, BadInput."""
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


def read_manifest(folder: Path) -> Manifest | None:
    """Which files are current; None in a folder that is no store yet. Raises StoreUnavailable."""
    path = folder / "store.json"
    if not path.exists():
        return None
    try:
        said = orjson.loads(path.read_bytes())
        version, number = said["version"], said["number"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise StoreUnavailable(f"{path} is damaged; load the data into a new folder") from error
    if version != VERSION:
        raise StoreUnavailable(
            f"{folder} was written by another version (store {version}, here {VERSION}); "
            "load the data into a new folder"
        )
    return Manifest(number)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Make these files the current ones, at once or not at all."""
    part = folder / "store.json.part"
    with part.open("wb") as file:
        file.write(orjson.dumps({"version": VERSION, "number": manifest.number}))
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / "store.json")


def remove_leftovers(folder: Path, manifest: Manifest | None) -> None:
    """Remove what an interrupted load, or the graph before this one, left behind."""
    current = {manifest.graph, manifest.index} if manifest else set[str]()
    for path in folder.iterdir():
        if path.name.startswith("load-") and _OURS.fullmatch(path.name):
            shutil.rmtree(path)
        elif (name := _NUMBERED.match(path.name)) and _OURS.fullmatch(path.name) and name[0] not in current:
            path.unlink(missing_ok=True)  # a graph that closes meanwhile removes its own log
