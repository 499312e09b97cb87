"""Prefix and full-text search over the event texts of an embedded store: SQLite's FTS5 beside the graph.

The graph is the truth; this file can be rebuilt from it, and is brought up to date when they differ. It also says of
which events only students spoke (`generated`), so that a search can leave them out.
"""

import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from graph.stores.protocol import Search
from schemas.errors import StoreUnavailable

FORMAT = 2
"""2: events have `generated`, and those whose `generated` is about to change are marked."""
_SCHEMA = f"""
CREATE TABLE event(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, generated INTEGER NOT NULL);
CREATE INDEX shown ON event(text) WHERE NOT generated;
CREATE TABLE turning(text TEXT PRIMARY KEY);
CREATE VIRTUAL TABLE words USING fts5(text, content='event', content_rowid='id', tokenize='porter unicode61');
PRAGMA user_version = {FORMAT};
"""
"""turning: a file that has rows in it was left between a change of the graph and the same change of the index."""
_LAST = "\U0010ffff"
_AT_ONCE = 500
_PREFIX = "SELECT text FROM event WHERE {shown} text >= ? AND text <= ? AND text > ? ORDER BY text LIMIT ?"
_WORDS = (
    "SELECT event.text FROM words JOIN event ON event.id = words.rowid "
    "WHERE words MATCH ? AND {shown} event.text >= ? AND event.text <= ? "
    "ORDER BY bm25(words), event.text LIMIT ? OFFSET ?"
)


class TextIndex:
    """Opened lazily, one connection a thread. `close` closes them all."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._mode = "ro" if read_only else "rw"
        self._local = threading.local()
        self._lock = threading.Lock()
        self._open: list[sqlite3.Connection] = []

    @classmethod
    def create(cls, path: Path, events: Mapping[str, bool]) -> "TextIndex":
        """A new index of texts, each with its `generated`; what was at `path` is replaced."""
        path.unlink(missing_ok=True)
        path.touch()
        index = cls(path)
        index._connection().executescript(_SCHEMA)
        index.put(events)
        return index

    def put(self, events: Mapping[str, bool]) -> None:
        """Index the texts that are new, set `generated` of all, and take their marks away: all of it or nothing."""
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
        """Say of texts that their `generated` is about to change; durable when it returns."""
        with self._connection() as connection:
            connection.executemany("INSERT OR IGNORE INTO turning VALUES (?)", ((text,) for text in events))

    def marked(self) -> list[str]:
        """The texts whose change was begun and not completed."""
        return [text for (text,) in self._connection().execute("SELECT text FROM turning")]

    def count(self) -> int:
        """How many texts are indexed; -1 where the file is missing, no index, or one of another layout."""
        try:
            connection = self._connection()
            if connection.execute("PRAGMA user_version").fetchone() != (FORMAT,):
                return -1
            return connection.execute("SELECT count(*) FROM event").fetchone()[0]
        except sqlite3.Error:
            return -1

    def generated(self, texts: Sequence[str]) -> dict[str, bool]:
        """Of those texts that are indexed, whether only students spoke of them. Raises StoreUnavailable."""
        connection = self._readable()
        found: dict[str, bool] = {}
        for start in range(0, len(texts), _AT_ONCE):
            part = texts[start : start + _AT_ONCE]
            marks = ",".join("?" * len(part))
            rows = connection.execute(f"SELECT text, generated FROM event WHERE text IN ({marks})", part)
            found |= {text: bool(generated) for text, generated in rows}
        return found

    def search(self, search: Search) -> list[str]:
        """See graph.stores.protocol.Search. Raises StoreUnavailable for a file of another layout."""
        connection = self._readable()
        shown = "" if search.generated else "NOT generated AND"
        beginning = (search.prefix, search.prefix + _LAST)
        if search.words:
            query = " OR ".join(f'"{word}"' for word in search.words)
            said = (query, *beginning, search.limit, search.skip)
            return [text for (text,) in connection.execute(_WORDS.format(shown=shown), said)]
        said = (*beginning, search.after, search.limit)
        return [text for (text,) in connection.execute(_PREFIX.format(shown=shown), said)]

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
        self._local = threading.local()

    def _readable(self) -> sqlite3.Connection:
        """This thread's connection. Only a file that is opened for reading alone can still be of another layout."""
        connection = self._connection()
        if self._mode == "ro":
            [version] = connection.execute("PRAGMA user_version").fetchone()
            if version != FORMAT:
                raise StoreUnavailable(
                    f"{self.path} has another layout (text index {version}, here {FORMAT}); whatever opens the store "
                    "for writing makes it anew, such as `cometgraph index`"
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
