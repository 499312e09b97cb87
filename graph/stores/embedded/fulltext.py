"""Prefix and full-text search over the event texts of an embedded store (SQLite FTS5).

The graph is the source of this file. Opening the store brings the file up to date with the graph. Each event has the
flag `generated` (all of its triples are generated), so a search can leave it out.
"""

import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from graph.stores.protocol import Search
from schemas.errors import StoreUnavailable

FORMAT = 2
"""Format 2: events have the flag `generated`, and a mark while it changes."""
_SCHEMA = f"""
CREATE TABLE event(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, generated INTEGER NOT NULL);
CREATE INDEX shown ON event(text) WHERE NOT generated;
CREATE TABLE turning(text TEXT PRIMARY KEY);
CREATE VIRTUAL TABLE words USING fts5(text, content='event', content_rowid='id', tokenize='porter unicode61');
PRAGMA user_version = {FORMAT};
"""
"""turning: the marks. They exist between a change of the graph and the same change of this file."""
_LAST = "\U0010ffff"
_AT_ONCE = 500
_PREFIX = "SELECT text FROM event WHERE {condition} text >= ? AND text <= ? AND text > ? ORDER BY text LIMIT ?"
_WORDS = (
    "SELECT event.text FROM words JOIN event ON event.id = words.rowid "
    "WHERE words MATCH ? AND {condition} event.text >= ? AND event.text <= ? "
    "ORDER BY bm25(words), event.text LIMIT ? OFFSET ?"
)


class TextIndex:
    """The text index. Each thread opens its own connection on first use."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._mode = "ro" if read_only else "rw"
        self._local = threading.local()
        self._lock = threading.Lock()
        self._open: list[sqlite3.Connection] = []

    @classmethod
    def create(cls, path: Path, events: Mapping[str, bool]) -> "TextIndex":
        """Replace the index at `path`. events: each event with its flag `generated`."""
        path.unlink(missing_ok=True)
        path.touch()
        index = cls(path)
        index._connection().executescript(_SCHEMA)
        index.put(events)
        return index

    def put(self, events: Mapping[str, bool]) -> None:
        """Add new events, set the flag of all, and delete their marks. All or nothing."""
        with self._connection() as connection:
            last = connection.execute("SELECT coalesce(max(id), 0) FROM event").fetchone()[0]
            connection.executemany(
                "INSERT INTO event(text, generated) VALUES (?, ?) "
                "ON CONFLICT(text) DO UPDATE SET generated = excluded.generated WHERE generated != excluded.generated",
                events.items(),
            )
            connection.execute("INSERT INTO words(rowid, text) SELECT id, text FROM event WHERE id > ?", (last,))
            connection.executemany("DELETE FROM turning WHERE text = ?", ((text,) for text in events))

    def mark(self, events: Iterable[str]) -> None:
        """Mark events before their flag changes. The marks are durable."""
        with self._connection() as connection:
            connection.executemany("INSERT OR IGNORE INTO turning VALUES (?)", ((text,) for text in events))

    def marked(self) -> list[str]:
        """Events with a mark: a stop left their change incomplete."""
        return [text for (text,) in self._connection().execute("SELECT text FROM turning")]

    def count(self) -> int:
        """Number of events. -1 for a missing or damaged file, or one of another format."""
        try:
            connection = self._connection()
            if connection.execute("PRAGMA user_version").fetchone() != (FORMAT,):
                return -1
            return connection.execute("SELECT count(*) FROM event").fetchone()[0]
        except sqlite3.Error:
            return -1

    def generated(self, texts: Sequence[str]) -> dict[str, bool]:
        """The flag `generated` of each indexed event. Raises StoreUnavailable for a file of another format."""
        connection = self._readable()
        flags: dict[str, bool] = {}
        for start in range(0, len(texts), _AT_ONCE):
            part = texts[start : start + _AT_ONCE]
            marks = ",".join("?" * len(part))
            rows = connection.execute(f"SELECT text, generated FROM event WHERE text IN ({marks})", part)
            flags |= {text: bool(generated) for text, generated in rows}
        return flags

    def search(self, search: Search) -> list[str]:
        """The events of a search. Raises StoreUnavailable for a file of another format."""
        connection = self._readable()
        condition = "" if search.generated else "NOT generated AND"
        beginning = (search.prefix, search.prefix + _LAST)
        if search.words:
            query = " OR ".join(f'"{word}"' for word in search.words)
            parameters = (query, *beginning, search.limit, search.skip)
            return [text for (text,) in connection.execute(_WORDS.format(condition=condition), parameters)]
        parameters = (*beginning, search.after, search.limit)
        return [text for (text,) in connection.execute(_PREFIX.format(condition=condition), parameters)]

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
        self._local = threading.local()

    def _readable(self) -> sqlite3.Connection:
        """This thread's connection, with a check of the format for readers. A writer has rebuilt an old file."""
        connection = self._connection()
        if self._mode == "ro":
            [version] = connection.execute("PRAGMA user_version").fetchone()
            if version != FORMAT:
                raise StoreUnavailable(
                    f"{self.path} has another format (text index {version}, here {FORMAT}); "
                    "any command that opens the store for writing rebuilds it, such as `cometgraph index`"
                )
        return connection

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                f"file:{quote(str(self.path))}?mode={self._mode}", uri=True, timeout=30, check_same_thread=False
            )
            self._local.connection = connection
            with self._lock:
                self._open.append(connection)
        return connection
