"""The call log: one SQLite file with a row for each attempt at a call, so that no reply is paid for twice.

An attempt is on disk before its first byte is sent. Its reply is on disk before it counts. Several runs may share a
log: each call is sent by one of them, and all get its reply. Parsed results are not in the log, because parsing is a
pure function of a stored reply.

calls.sqlite            calls, attempts, batches, spending
calls.sqlite.owner-N    locked by the process with the number N, as long as it lives

See distill.teacher.call_log_file for its tables.
"""

import asyncio
import fcntl
import os
import sqlite3
import time
from concurrent.futures import Future
from pathlib import Path
from typing import IO, Any, TypeVar

import orjson

from distill.teacher.call_log_file import connect, is_alive, owner_file
from distill.teacher.calls import Attempt, Budget, Call, Cost, Reply, State, Usage
from distill.teacher.commits import Change, GroupCommits
from schemas.errors import StoreUnavailable, Unavailable

_POLL_SECONDS = 0.2
T = TypeVar("T")


class BudgetSpent(Unavailable):
    """The next call could exceed the budget of the run.

    is_held: True while attempts of this process are under way. They may end below their ceilings.
    """

    title = "Budget spent"

    def __init__(self, limit: str, *, is_held: bool) -> None:
        super().__init__(f"the budget of {limit} is spent: the next call could exceed it", retry_after=None)
        self.is_held = is_held


class BatchOpen(Unavailable):
    """The call is in a batch that a process which is gone left at the server."""

    title = "In an open batch"

    def __init__(self, server_id: str | None) -> None:
        name = f"batch {server_id}" if server_id else "a batch"
        super().__init__(f"the reply is in {name} of an earlier run; run it again with batch = true", retry_after=None)


class CallLog:
    """The log of one run, from `open` to `close`. All methods are for the event loop's thread.

    An attempt costs its ceiling, the highest possible price, until its state is certain. So the budget holds whatever
    happens to calls under way.
    """

    def __init__(
        self, path: Path, run: str, budget: Budget, commits: GroupCommits, owner: int, lock: IO[bytes]
    ) -> None:
        self.path = path
        self._run = run
        self._budget = budget
        self._commits = commits
        self.owner = owner
        self._lock = lock

    @classmethod
    def open(cls, path: Path, run: str, budget: Budget | None = None) -> "CallLog":
        """The log in a file, made if it does not exist.

        run: name of the run. Its spending goes on where it stopped.

        Attempts of processes that are gone become `unknown`. Raises StoreUnavailable for a file that is no call log.
        """
        try:
            database = connect(path)
            owner, lock = _sign_in(database, path, run)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{path} cannot be used as a call log ({error})") from error
        return cls(path, run, budget or Budget(), GroupCommits(database), owner, lock)

    async def stored(self, call: Call) -> Reply | None:
        """The reply of a call, if the log has it."""
        return await asyncio.wrap_future(self._commits.do(lambda db: _stored(db, call)))

    async def claim(self, call: Call, ceiling: Cost) -> Attempt | Reply:
        """The reply of a call, or the right to attempt it, on disk.

        Waits while another attempt is under way, and while ceilings of this process fill the budget.

        ceiling: the highest possible cost of the attempt, with one call.

        Raises BudgetSpent and BatchOpen.
        """
        while True:
            claimed = self._commits.do(lambda db: self.claim_within(db, call, ceiling))
            try:
                result = await asyncio.wrap_future(claimed)
            except asyncio.CancelledError:
                claimed.add_done_callback(self._give_back)
                raise
            except BudgetSpent as error:
                if not error.is_held:
                    raise
                result = None
            if result is not None:
                return result
            await asyncio.sleep(_POLL_SECONDS)

    def answered(self, attempt: Attempt, reply: Reply, cost: Cost) -> "Future[None]":
        """Store the reply of an attempt, and its real cost. The future is done when it is on disk."""
        usage = reply.usage
        values: dict[str, Any] = {
            "status": reply.status,
            "headers": orjson.dumps(reply.headers),
            "body": reply.body,
            "prompt_tokens": usage.prompt,
            "cached_tokens": usage.cached,
            "completion_tokens": usage.completion,
        }
        return self._commits.do(lambda db: _end(db, attempt.id, "answered", cost, values))

    def refused(self, attempt: Attempt, reason: str, status: int | None = None, body: bytes = b"") -> "Future[None]":
        """Note an attempt that certainly costs nothing."""
        values: dict[str, Any] = {"reason": reason, "status": status, "body": body}
        return self._commits.do(lambda db: _end(db, attempt.id, "refused", Cost(), values))

    def unknown(self, attempt: Attempt, reason: str, status: int | None = None, body: bytes = b"") -> "Future[None]":
        """Note an attempt that may have been paid. Its ceiling counts as spent."""
        values: dict[str, Any] = {"reason": reason, "status": status, "body": body}
        return self._commits.do(lambda db: _end(db, attempt.id, "unknown", None, values))

    async def spent(self) -> Cost:
        """The cost of this run, with the ceilings of attempts that are under way or unknown."""
        return await asyncio.wrap_future(self._commits.do(lambda db: _spent(db, self._run)))

    def close(self) -> None:
        """Write all that is noted, and leave. An attempt still under way becomes `unknown`."""
        self._commits.do(lambda db: _forsake(db, self.owner, "the run ended"))
        self._commits.close()
        owner_file(self.path, self.owner).unlink(missing_ok=True)
        self._lock.close()

    def is_alive(self, owner: int) -> bool:
        """True for the number of a process that uses the log."""
        return owner == self.owner or is_alive(self.path, owner)

    def _give_back(self, claimed: "Future[Attempt | Reply | None]") -> None:
        """End the attempt of a cancelled claim, which is never sent."""
        if not claimed.cancelled() and claimed.exception() is None:
            attempt = claimed.result()
            if isinstance(attempt, Attempt):
                self.refused(attempt, "cancelled before it was sent")

    def do(self, change: "Change[T]") -> "Future[T]":
        """The result of a change of the database, as soon as it is on disk."""
        return self._commits.do(change)

    def claim_within(self, db: sqlite3.Connection, call: Call, ceiling: Cost) -> Attempt | Reply | None:
        """The same as `claim`, inside of a transaction. None while another attempt is under way."""
        number = 1
        for attempt in db.execute("SELECT * FROM attempts WHERE call = ? ORDER BY number", [call.key]):
            if attempt["state"] == "answered":
                return _reply(attempt)
            if attempt["state"] == "sent":
                if self.is_alive(attempt["owner"]):
                    return None
                if attempt["batch"] is not None:
                    raise BatchOpen(_server_id(db, attempt["batch"]))
                _forsake(db, attempt["owner"], "its process is gone")
            number = attempt["number"] + 1
        if (limit := self._budget.exceeded(_spent(db, self._run) + ceiling)) is not None:
            raise BudgetSpent(limit, is_held=_has_under_way(db, self.owner))
        row = (call.key, call.stage, call.url, orjson.dumps(call.request), call.again)
        db.execute("INSERT OR IGNORE INTO calls VALUES (?, ?, ?, ?, ?)", row)
        inserted = db.execute(
            "INSERT INTO attempts(call, number, run, owner, state, sent_at, tokens, nanodollars) "
            "VALUES (?, ?, ?, ?, 'sent', ?, ?, ?)",
            (call.key, number, self._run, self.owner, time.time(), ceiling.tokens, ceiling.nanodollars),
        )
        _spend(db, self._run, ceiling)
        assert inserted.lastrowid is not None
        return Attempt(inserted.lastrowid, call, number)


# --- inside of a transaction ---


def _end(db: sqlite3.Connection, attempt: int, state: State, cost: Cost | None, values: dict[str, Any]) -> None:
    """The end of an attempt. cost: in place of its ceiling, None if that stays."""
    row = db.execute("SELECT run, state, tokens, nanodollars FROM attempts WHERE id = ?", [attempt]).fetchone()
    if row["state"] in ("answered", "refused"):  # its end is certain
        return
    values = values | {"state": state, "ended_at": time.time()}
    if cost is not None:
        values |= {"tokens": cost.tokens, "nanodollars": cost.nanodollars}
        calls = 0 if state == "answered" else -1
        _spend(db, row["run"], Cost(calls, cost.tokens - row["tokens"], cost.nanodollars - row["nanodollars"]))
    columns = ", ".join(f"{name} = ?" for name in values)
    db.execute(f"UPDATE attempts SET {columns} WHERE id = ?", [*values.values(), attempt])


def _forsake(db: sqlite3.Connection, owner: int, reason: str) -> None:
    """The attempts of a process become unknown. Those in a batch stay under way, since the server goes on."""
    db.execute(
        "UPDATE attempts SET state = 'unknown', reason = ?, ended_at = ? "
        "WHERE owner = ? AND state = 'sent' AND batch IS NULL",
        (reason, time.time(), owner),
    )


def _has_under_way(db: sqlite3.Connection, owner: int) -> bool:
    """True if attempts of a process are under way outside of batches."""
    query = "SELECT EXISTS (SELECT 1 FROM attempts WHERE owner = ? AND state = 'sent' AND batch IS NULL)"
    return bool(db.execute(query, [owner]).fetchone()[0])


def _server_id(db: sqlite3.Connection, batch: str) -> str | None:
    return db.execute("SELECT server_id FROM batches WHERE hash = ?", [batch]).fetchone()["server_id"]


def _spend(db: sqlite3.Connection, run: str, cost: Cost) -> None:
    db.execute(
        "INSERT INTO spending VALUES (?, ?, ?, ?) ON CONFLICT (run) DO UPDATE SET calls = calls + excluded.calls, "
        "tokens = tokens + excluded.tokens, nanodollars = nanodollars + excluded.nanodollars",
        (run, cost.calls, cost.tokens, cost.nanodollars),
    )


def _spent(db: sqlite3.Connection, run: str) -> Cost:
    row = db.execute("SELECT calls, tokens, nanodollars FROM spending WHERE run = ?", [run]).fetchone()
    return Cost() if row is None else Cost(*row)


def _stored(db: sqlite3.Connection, call: Call) -> Reply | None:
    row = db.execute("SELECT * FROM attempts WHERE call = ? AND state = 'answered'", [call.key]).fetchone()
    return None if row is None else _reply(row)


def _reply(attempt: sqlite3.Row) -> Reply:
    usage = Usage(attempt["prompt_tokens"], attempt["cached_tokens"], attempt["completion_tokens"])
    return Reply(attempt["status"], orjson.loads(attempt["headers"]), attempt["body"], usage)


# --- opening ---


def _sign_in(database: sqlite3.Connection, path: Path, run: str) -> tuple[int, IO[bytes]]:
    """The number of this process and its lock. The attempts of processes that are gone become unknown."""
    database.execute("BEGIN IMMEDIATE")
    row = (run, os.getpid(), time.time())
    owner = database.execute("INSERT INTO owners(run, pid, since) VALUES (?, ?, ?)", row).lastrowid
    assert owner is not None
    lock = owner_file(path, owner).open("wb")
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    for (other,) in database.execute("SELECT DISTINCT owner FROM attempts WHERE state = 'sent'").fetchall():
        if not is_alive(path, other):
            _forsake(database, other, "its process is gone")
    database.execute("COMMIT")
    return owner, lock
