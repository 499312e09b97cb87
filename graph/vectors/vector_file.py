"""Vectors of events in one SQLite file. Each batch is durable at its commit.

The file of the neighbor graph (graph/vectors/neighbor_graph.py) is derived from this one.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from graph.atomic_write import atomic_write
from schemas.embeddings import EmbedderInfo, Vectors

FORMAT = 1
_SCHEMA = """
CREATE TABLE meta(name TEXT PRIMARY KEY, value NOT NULL);
CREATE TABLE event(id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL UNIQUE, vector BLOB NOT NULL);
"""
"""AUTOINCREMENT: no id is used twice, as the neighbor graph may contain ids of deleted events."""
_PER_QUERY = 500
"""Values in one IN (…)."""
_LOCK_SECONDS = 600.0
"""Long, as a reader of the whole file blocks the writer on a busy machine."""

Half = NDArray[np.float16]


class NewerFormat(Exception):
    """The file is of a newer version."""


class VectorFile:
    """One connection to the file, for one thread at a time. Its methods raise sqlite3.Error."""

    def __init__(self, connection: sqlite3.Connection, embedder: EmbedderInfo) -> None:
        self.embedder = embedder
        self._connection = connection

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> "VectorFile":
        """Open a file.

        Raises FileNotFoundError, NewerFormat, and sqlite3.DatabaseError for a damaged file.
        """
        if not path.exists():
            raise FileNotFoundError(path)
        mode = "ro" if read_only else "rw"
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}", uri=True, timeout=_LOCK_SECONDS, check_same_thread=False
        )
        try:
            [[version]] = connection.execute("PRAGMA user_version")
            if version > FORMAT:
                raise NewerFormat(f"index {version}, here {FORMAT}")
            return cls(connection, _embedder_of(connection))
        except BaseException:
            connection.close()
            raise

    @staticmethod
    def create(path: Path, embedder: EmbedderInfo) -> None:
        """Replace the file by one without events."""
        # First the file, then its journal: SQLite would apply the old journal to the new file.
        for name in (path.name, f"{path.name}-journal"):
            path.with_name(name).unlink(missing_ok=True)
        with atomic_write(path) as part:
            with sqlite3.connect(part) as connection:
                connection.executescript(_SCHEMA)
                values = {"embedder": embedder.name, "version": embedder.version, "dimension": embedder.dimension}
                connection.executemany("INSERT INTO meta VALUES (?, ?)", values.items())
                connection.execute(f"PRAGMA user_version = {FORMAT}")
            connection.close()

    def check(self) -> None:
        """Read the whole file. Raises sqlite3.DatabaseError for damage."""
        [[result]] = self._connection.execute("PRAGMA quick_check(1)")
        if result != "ok":
            raise sqlite3.DatabaseError(result)

    def add(self, events: Sequence[str], vectors: Half) -> list[tuple[int, int]]:
        """Add new events, all or none of them. Returns (id, position in `events`) of each new one."""
        new: list[tuple[int, int]] = []
        with self._connection as connection:
            for position, (text, vector) in enumerate(zip(events, vectors, strict=True)):
                cursor = connection.execute(
                    "INSERT OR IGNORE INTO event(text, vector) VALUES (?, ?)", (text, vector.tobytes())
                )
                if cursor.rowcount == 1:
                    assert cursor.lastrowid is not None
                    new.append((cursor.lastrowid, position))
        return new

    def remove(self, events: Iterable[str]) -> None:
        """Delete events."""
        with self._connection as connection:
            connection.executemany("DELETE FROM event WHERE text = ?", ((text,) for text in events))

    def texts(self) -> set[str]:
        """All events."""
        return {text for (text,) in self._connection.execute("SELECT text FROM event")}

    def count(self, up_to: int | None = None) -> int:
        """Number of events. up_to: only ids up to this one."""
        bound = (1 << 62) if up_to is None else up_to
        [[number]] = self._connection.execute("SELECT count(*) FROM event WHERE id <= ?", (bound,))
        return int(number)

    def last(self) -> int:
        """The highest id. 0 without events."""
        [[key]] = self._connection.execute("SELECT coalesce(max(id), 0) FROM event")
        return int(key)

    def after(self, last: int, batch: int) -> Iterator[tuple[list[int], Half]]:
        """Ids and vectors of the events after the id `last`, in batches."""
        while True:
            rows = self._connection.execute(
                "SELECT id, vector FROM event WHERE id > ? ORDER BY id LIMIT ?", (last, batch)
            ).fetchall()
            if not rows:
                return
            last = rows[-1][0]
            yield [key for key, _ in rows], self._stack([vector for _, vector in rows])

    def by_id(self, keys: Sequence[int]) -> tuple[list[str], Vectors]:
        """Texts and vectors of the ids in the file."""
        return self._select("id", keys)

    def by_text(self, events: Sequence[str]) -> tuple[list[str], Vectors]:
        """Texts and vectors of the events in the file."""
        return self._select("text", events)

    def value(self, name: str, default: int) -> int:
        """A number from the table meta."""
        row = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return default if row is None else int(row[0])

    def set_values(self, **values: int) -> None:
        """Write numbers to the table meta, all or none of them."""
        with self._connection as connection:
            connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _select(self, column: str, values: Sequence[Any]) -> tuple[list[str], Vectors]:
        rows: list[tuple[str, bytes]] = []
        for start in range(0, len(values), _PER_QUERY):
            part = values[start : start + _PER_QUERY]
            marks = ",".join("?" * len(part))
            rows += self._connection.execute(f"SELECT text, vector FROM event WHERE {column} IN ({marks})", part)
        return [text for text, _ in rows], self._stack([vector for _, vector in rows]).astype(np.float32)

    def _stack(self, blobs: Sequence[bytes]) -> Half:
        return np.frombuffer(b"".join(blobs), np.float16).reshape(-1, self.embedder.dimension)


def _embedder_of(connection: sqlite3.Connection) -> EmbedderInfo:
    meta = dict(connection.execute("SELECT name, value FROM meta"))
    try:
        return EmbedderInfo(str(meta["embedder"]), str(meta["version"]), int(meta["dimension"]))
    except (KeyError, ValueError) as error:
        raise sqlite3.DatabaseError(f"it does not name its embedder ({error})") from error
