"""Batches in the call log.

A batch is noted together with its attempts, before anything is sent. Its attempts stay `sent` until the server has
ended it, whoever lives: the next run with the log collects it.
"""

import asyncio
import hashlib
import sqlite3
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import orjson

from distill.teacher.call_log import BatchOpen, BudgetSpent, CallLog
from distill.teacher.calls import Attempt, Call, Cost, Reply

BATCH_CALLS = 50_000
"""Most calls in a batch, as OpenAI limits it."""


@dataclass(frozen=True)
class Batch:
    """Attempts that are sent together. All have the same path.

    made_at: seconds since 1970.
    server_id: the server's name of it. None: perhaps not created there.
    """

    attempts: tuple[Attempt, ...]
    made_at: float
    server_id: str | None = None

    @cached_property
    def content(self) -> bytes:
        """The input file, see https://platform.openai.com/docs/guides/batch."""
        return b"".join(orjson.dumps(_line(attempt)) + b"\n" for attempt in self.attempts)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the input file, in hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def path(self) -> str:
        """The path of all requests, such as "/completions"."""
        return self.attempts[0].call.request["path"]


def line_name(attempt: Attempt) -> str:
    """The custom_id of an attempt. A later attempt at the same call has another one, and so has its batch."""
    return f"{attempt.call.key[:40]}-{attempt.number}"


def _line(attempt: Attempt) -> dict[str, object]:
    request = attempt.call.request
    return {
        "custom_id": line_name(attempt),
        "method": "POST",
        "url": f"/v1{request['path']}",
        "body": request["body"],
    }


@dataclass(frozen=True, slots=True)
class Claimed:
    """The outcome of `claim_batch`.

    batch: the attempts to send. None for no attempt.
    replies: of calls that have one.
    elsewhere: calls with an attempt under way in another process or batch.
    unpaid: calls beyond the budget, with its error.
    """

    batch: Batch | None
    replies: dict[str, Reply]
    elsewhere: list[Call]
    unpaid: list[Call]
    limit: BudgetSpent | None


async def claim_batch(log: CallLog, calls: Sequence[Call], ceilings: Sequence[Cost]) -> Claimed:
    """The right to send calls of one path as one batch, on disk."""

    def change(db: sqlite3.Connection) -> Claimed:
        attempts: list[Attempt] = []
        replies: dict[str, Reply] = {}
        elsewhere: list[Call] = []
        unpaid: list[Call] = []
        limit: BudgetSpent | None = None
        for call, ceiling in zip(calls, ceilings, strict=True):
            try:
                result = log.claim_within(db, call, ceiling)
            except BudgetSpent as error:
                unpaid.append(call)
                limit = error
                continue
            except BatchOpen:
                result = None
            if isinstance(result, Attempt):
                attempts.append(result)
            elif result is None:
                elsewhere.append(call)
            else:
                replies[call.key] = result
        if not attempts:
            return Claimed(None, replies, elsewhere, unpaid, limit)
        batch = Batch(tuple(attempts), time.time())
        row = (batch.hash, attempts[0].call.url, log.owner, batch.made_at)
        db.execute("INSERT INTO batches VALUES (?, ?, ?, ?, NULL, TRUE)", row)
        db.executemany("UPDATE attempts SET batch = ? WHERE id = ?", [(batch.hash, one.id) for one in attempts])
        return Claimed(batch, replies, elsewhere, unpaid, limit)

    return await asyncio.wrap_future(log.do(change))


async def adopt_batches(log: CallLog, url: str, held: Collection[str]) -> list[Batch]:
    """The open batches of processes that are gone, and of this one. From now on they belong to this one.

    held: the hashes of those that are being collected here.
    """

    def change(db: sqlite3.Connection) -> list[Batch]:
        rows = db.execute("SELECT * FROM batches WHERE is_open AND url = ? ORDER BY made_at", [url]).fetchall()
        adopted = [row for row in rows if row["owner"] == log.owner or not log.is_alive(row["owner"])]
        adopted = [row for row in adopted if row["hash"] not in held]
        for row in adopted:
            db.execute("UPDATE batches SET owner = ? WHERE hash = ?", (log.owner, row["hash"]))
            db.execute("UPDATE attempts SET owner = ? WHERE batch = ?", (log.owner, row["hash"]))
        return [Batch(_attempts(db, row["hash"]), row["made_at"], row["server_id"]) for row in adopted]

    return await asyncio.wrap_future(log.do(change))


async def note_created(log: CallLog, batch: Batch, server_id: str) -> None:
    """Store the server's name of a batch."""
    query = "UPDATE batches SET server_id = ? WHERE hash = ?"
    await asyncio.wrap_future(log.do(lambda db: db.execute(query, (server_id, batch.hash))))


async def note_ended(log: CallLog, batch: Batch) -> None:
    """Close a batch. The ends of its attempts are stored before."""
    query = "UPDATE batches SET is_open = FALSE WHERE hash = ?"
    await asyncio.wrap_future(log.do(lambda db: db.execute(query, (batch.hash,))))


def _attempts(db: sqlite3.Connection, batch: str) -> tuple[Attempt, ...]:
    query = (
        "SELECT a.id, a.number, c.stage, c.url, c.request, c.again FROM attempts a JOIN calls c ON c.key = a.call "
        "WHERE a.batch = ? ORDER BY a.id"
    )
    return tuple(
        Attempt(id_, Call(stage, url, orjson.loads(request), again), number)
        for id_, number, stage, url, request, again in db.execute(query, [batch])
    )
