"""The keys of events and tails in an embedded store (SQLite). A new text finds its possible links by its key.

The file may have keys of texts that the graph lacks, as they are written first. So no stop leaves a text without its
key, and the writer asks the graph about each text that it finds.
"""

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from graph.links import READINGS, Tail, phrase

_EVENT = "event"
_AT_ONCE = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS link(key TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (key, kind, text)) WITHOUT ROWID;
"""


class LinkIndex:
    """The keys. A writer makes a missing file."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._lock = threading.Lock()
        mode = "ro" if read_only else "rwc"
        self._connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}", uri=True, timeout=30, check_same_thread=False
        )
        if not read_only:
            self._connection.executescript(_SCHEMA)

    def put(self, tails: Iterable[Tail], events: Iterable[str]) -> None:
        """Add keys. All or nothing."""
        rows = [(phrase(text, reading).key, reading, text) for text, reading in tails]
        rows += [(phrase(event).key, _EVENT, event) for event in events]
        with self._lock, self._connection:
            self._connection.executemany("INSERT OR IGNORE INTO link VALUES (?, ?, ?)", (row for row in rows if row[0]))

    def events(self, keys: Iterable[str]) -> list[str]:
        """The events of some keys."""
        return [text for kind, text in self._find(keys) if kind == _EVENT]

    def tails(self, keys: Iterable[str]) -> list[Tail]:
        """The tails of some keys."""
        found = self._find(keys)
        return [(text, reading) for kind, text in found for reading in READINGS if kind == reading]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _find(self, keys: Iterable[str]) -> list[tuple[str, str]]:
        wanted = sorted(set(keys) - {""})
        found: list[tuple[str, str]] = []
        with self._lock:
            for start in range(0, len(wanted), _AT_ONCE):
                part = wanted[start : start + _AT_ONCE]
                marks = ",".join("?" * len(part))
                found += self._connection.execute(f"SELECT kind, text FROM link WHERE key IN ({marks})", part)
        return found
