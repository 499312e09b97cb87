"""The file of a call log: its tables, and the processes that use it.

Durability: https://sqlite.org/wal.html, https://sqlite.org/pragma.html#pragma_synchronous
"""

import fcntl
import sqlite3
from pathlib import Path

from schemas.errors import StoreUnavailable

_VERSION = 2
_SCHEMA = """
CREATE TABLE calls(key TEXT PRIMARY KEY, stage TEXT NOT NULL, url TEXT NOT NULL, request BLOB NOT NULL,
    again INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE batches(hash TEXT PRIMARY KEY, url TEXT NOT NULL, owner INTEGER NOT NULL, made_at REAL NOT NULL,
    server_id TEXT, is_open INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE attempts(id INTEGER PRIMARY KEY, call TEXT NOT NULL REFERENCES calls(key), number INTEGER NOT NULL,
    batch TEXT REFERENCES batches(hash), run TEXT NOT NULL, owner INTEGER NOT NULL, state TEXT NOT NULL,
    sent_at REAL NOT NULL, ended_at REAL, reason TEXT, status INTEGER, headers BLOB, body BLOB,
    prompt_tokens INTEGER NOT NULL DEFAULT 0, cached_tokens INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0, tokens INTEGER NOT NULL, nanodollars INTEGER NOT NULL);
CREATE INDEX attempts_of_call ON attempts(call);
CREATE INDEX attempts_of_batch ON attempts(batch) WHERE batch IS NOT NULL;
CREATE INDEX attempts_under_way ON attempts(owner) WHERE state = 'sent';
CREATE UNIQUE INDEX one_reply ON attempts(call) WHERE state = 'answered';
CREATE TABLE spending(run TEXT PRIMARY KEY, calls INTEGER NOT NULL, tokens INTEGER NOT NULL,
    nanodollars INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE owners(id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, pid INTEGER NOT NULL, since REAL NOT NULL);
"""


def connect(path: Path) -> sqlite3.Connection:
    """A connection for the thread of the commits. Raises sqlite3.Error, StoreUnavailable."""
    database = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
    database.row_factory = sqlite3.Row
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("BEGIN IMMEDIATE")  # one process makes the tables
    [version] = database.execute("PRAGMA user_version").fetchone()
    if version == 0:
        for statement in _SCHEMA.split(";"):
            database.execute(statement)
        database.execute(f"PRAGMA user_version = {_VERSION}")
    database.execute("COMMIT")
    if version not in (0, _VERSION):
        database.close()
        raise StoreUnavailable(f"{path} was written by another version (call log {version}, here {_VERSION})")
    return database


def owner_file(path: Path, owner: int) -> Path:
    """The file that the process with this number locks as long as it lives."""
    return path.with_name(f"{path.name}.owner-{owner}")


def is_alive(path: Path, owner: int) -> bool:
    """True if a process holds the lock of this number. The file of a process that is gone is removed."""
    file = owner_file(path, owner)
    try:
        with file.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.unlink(missing_ok=True)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
