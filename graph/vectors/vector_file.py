"""Vectors of events in one SQLite file: what an embedder made is durable as soon as its batch is committed.

The file that is searched (graph/vectors/embedded.py) is made from this one, and can always be made again.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from schemas.embeddings import EmbedderInfo, Vectors

FORMAT = 1
_SCHEMA = """
CREATE TABLE meta(name TEXT PRIMARY KEY, value NOT NULL);
CREATE TABLE event(id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL UNIQUE, vector BLOB NOT NULL);
"""
"""AUTOINCREMENT: an id never means another event, as the file that is searched may still have it."""
_AT_ONCE = 500
_LOCK_SECONDS = 600.0
"""A reader of the whole file may hold up the writer for long on a busy machine."""

Half = NDArray[np.float16]


class NewerFormat(Exception):
    """The file was written by a version that knows more than this one."""


class VectorFile:
    """One connection to the file; used by one thread at a time. Its methods raise sqlite3.Error.

    Opening raises sqlite3.DatabaseError for a damaged file, NewerFormat, FileNotFoundError.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        if not path.exists():
            raise FileNotFoundError(path)
        mode = "ro" if read_only else "rw"
        self._connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}", uri=True, timeout=_LOCK_SECONDS, check_same_thread=False
        )
        try:
            [[version]] = self._connection.execute("PRAGMA user_version")
            if version > FORMAT:
                raise NewerFormat(f"index {version}, here {FORMAT}")
            self.made = self._made()
        except BaseException:
            self._connection.close()
            raise

    @staticmethod
    def create(path: Path, made: EmbedderInfo) -> None:
        """A file without events, in the place of what was there."""
        for name in (path.name, f"{path.name}-journal"):
            path.with_name(name).unlink(missing_ok=True)
        part = path.with_name(f"{path.name}.part")
        part.unlink(missing_ok=True)
        with sqlite3.connect(part) as connection:
            connection.executescript(_SCHEMA)
            values = {"embedder": made.name, "version": made.version, "dimension": made.dimension}
            connection.executemany("INSERT INTO meta VALUES (?, ?)", values.items())
            connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.close()
        part.replace(path)

    def check(self) -> None:
        """Read all of the file; raises sqlite3.DatabaseError where it is damaged."""
        [[said]] = self._connection.execute("PRAGMA quick_check(1)")
        if said != "ok":
            raise sqlite3.DatabaseError(said)

    def add(self, events: Sequence[str], vectors: Half) -> list[tuple[int, int]]:
        """Add those that are new, all or none of them: (id, place among `events`) of each."""
        new: list[tuple[int, int]] = []
        with self._connection as connection:
            for place, (text, vector) in enumerate(zip(events, vectors, strict=True)):
                done = connection.execute(
                    "INSERT OR IGNORE INTO event(text, vector) VALUES (?, ?)", (text, vector.tobytes())
                )
                if done.rowcount == 1:
                    assert done.lastrowid is not None
                    new.append((done.lastrowid, place))
        return new

    def remove(self, events: Iterable[str]) -> None:
        """Let go of events."""
        with self._connection as connection:
            connection.executemany("DELETE FROM event WHERE text = ?", ((text,) for text in events))

    def texts(self) -> set[str]:
        """All events."""
        return {text for (text,) in self._connection.execute("SELECT text FROM event")}

    def count(self, up_to: int | None = None) -> int:
        """How many events there are, or with an id up to this."""
        bound = (1 << 62) if up_to is None else up_to
        [[number]] = self._connection.execute("SELECT count(*) FROM event WHERE id <= ?", (bound,))
        return int(number)

    def last(self) -> int:
        """The highest id; 0 where there is none."""
        [[key]] = self._connection.execute("SELECT coalesce(max(id), 0) FROM event")
        return int(key)

    def after(self, last: int, rows: int) -> Iterator[tuple[list[int], Half]]:
        """Ids and vectors of the events after an id, so many at a time."""
        while True:
            found = self._connection.execute(
                "SELECT id, vector FROM event WHERE id > ? ORDER BY id LIMIT ?", (last, rows)
            ).fetchall()
            if not found:
                return
            last = found[-1][0]
            yield [key for key, _ in found], self._stacked([vector for _, vector in found])

    def by_id(self, keys: Sequence[int]) -> tuple[list[str], Vectors]:
        """Texts and vectors of those ids that are still there."""
        return self._by("id", keys)

    def by_text(self, events: Sequence[str]) -> tuple[list[str], Vectors]:
        """Texts and vectors of those events that are there."""
        return self._by("text", events)

    def value(self, name: str, default: int) -> int:
        """A number that was kept beside the vectors."""
        row = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return default if row is None else int(row[0])

    def keep(self, **values: int) -> None:
        """Keep numbers, all or none of them."""
        with self._connection as connection:
            connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _by(self, column: str, values: Sequence[Any]) -> tuple[list[str], Vectors]:
        found: list[tuple[str, bytes]] = []
        for start in range(0, len(values), _AT_ONCE):
            part = values[start : start + _AT_ONCE]
            marks = ",".join("?" * len(part))
            found += self._connection.execute(f"SELECT text, vector FROM event WHERE {column} IN ({marks})", part)
        return [text for text, _ in found], self._stacked([vector for _, vector in found]).astype(np.float32)

    def _stacked(self, blobs: Sequence[bytes]) -> Half:
        return np.frombuffer(b"".join(blobs), np.float16).reshape(-1, self.made.dimension)

    def _made(self) -> EmbedderInfo:
        said = dict(self._connection.execute("SELECT name, value FROM meta"))
        try:
            return EmbedderInfo(str(said["embedder"]), str(said["version"]), int(said["dimension"]))
        except (KeyError, ValueError) as error:
            raise sqlite3.DatabaseError(f"it does not say which embedder made it ({error})") from error
