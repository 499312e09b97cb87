"""Prefix and full-text search over the event texts of an embedded store: SQLite's FTS5 beside the graph.

The graph is the truth; this file can be rebuilt from it, and is brought up to date when they differ.
"""

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from graph.store import Search

_SCHEMA = """
CREATE TABLE event(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE VIRTUAL TABLE words USING fts5(text, content='event', content_rowid='id', tokenize='porter unicode61');
"""
_LAST = "\U0010ffff"


class TextIndex:
    """Opened lazily, one connection a thread. `close` closes them all."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._mode = "ro" if read_only else "rw"
        self._local = threading.local()
        self._lock = threading.Lock()
        self._open: list[sqlite3.Connection] = []

    @classmethod
    def create(cls, path: Path, texts: Iterable[str]) -> "TextIndex":
        """A new index of texts; what was at `path` is replaced."""
        path.unlink(missing_ok=True)
        path.touch()
        index = cls(path)
        index._connection().executescript(_SCHEMA)
        index.add(texts)
        return index

    def add(self, texts: Iterable[str]) -> None:
        """Index the texts that are new, all or none of them."""
        with self._connection() as connection:
            last = connection.execute("SELECT coalesce(max(id), 0) FROM event").fetchone()[0]
            connection.executemany("INSERT OR IGNORE INTO event(text) VALUES (?)", ((text,) for text in texts))
            connection.execute("INSERT INTO words(rowid, text) SELECT id, text FROM event WHERE id > ?", (last,))

    def count(self) -> int:
        """How many texts are indexed; -1 where the file is missing or no index."""
        try:
            return self._connection().execute("SELECT count(*) FROM event").fetchone()[0]
        except sqlite3.Error:
            return -1

    def search(self, search: Search) -> list[str]:
        """See graph.store.Search."""
        beginning = (search.prefix, search.prefix + _LAST)
        if search.words:
            query = " OR ".join(f'"{word}"' for word in search.words)
            sql = (
                "SELECT text FROM words WHERE words MATCH ? AND text >= ? AND text <= ? "
                "ORDER BY bm25(words), text LIMIT ? OFFSET ?"
            )
            rows = self._connection().execute(sql, (query, *beginning, search.limit, search.skip))
        else:
            sql = "SELECT text FROM event WHERE text >= ? AND text <= ? AND text > ? ORDER BY text LIMIT ?"
            rows = self._connection().execute(sql, (*beginning, search.after, search.limit))
        return [text for (text,) in rows]

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
        self._local = threading.local()

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
