"""A teacher that sends its calls as OpenAI batches: cheaper, and within a day.

All calls that wait go into one batch. A batch that a killed run left at the server is collected by the next run.
"""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine, Iterable
from concurrent.futures import Future
from itertools import islice
from typing import Any

import openai
import orjson
from openai.types import Batch as ServerBatch

from distill.teacher.attempt_errors import Failures, is_final
from distill.teacher.batch_api import BatchApi, Line
from distill.teacher.batch_log import (
    BATCH_CALLS,
    Batch,
    adopt_batches,
    claim_batch,
    line_name,
    note_created,
    note_ended,
)
from distill.teacher.call_log import CallLog
from distill.teacher.calls import Attempt, Call, Cost, Reply, Usage
from distill.teacher.openai_api import usage_of
from distill.teacher.prices import Prices
from distill.teacher.requests import completion_tokens
from schemas.errors import Unavailable

_MOST_BYTES = 150_000_000
_MOST_FRUITLESS = 3
"""Batches without any reply, one after another, before the run stops."""

_LATER = 30
"""Looks at a batch, until a server that had too many tokens to do is asked again."""


class BatchTeacher:
    """See distill.teacher.teacher.Teacher.

    url: the address of the server, as in the calls.
    most: calls in a batch.
    gather_seconds: a batch is sent when no call has come for so long.
    poll_seconds: between two looks at a batch.
    """

    def __init__(
        self,
        url: str,
        client: openai.AsyncOpenAI,
        log: CallLog,
        prices: Prices,
        patience_seconds: float,
        *,
        most: int = BATCH_CALLS,
        gather_seconds: float = 2.0,
        poll_seconds: float = 20.0,
    ) -> None:
        self.at_once = most
        self._url = url
        self._client = client
        self._failures = Failures(url, patience_seconds)
        self._api = BatchApi(client, self._failures, poll_seconds)
        self._log = log
        self._prices = prices
        self._gather_seconds = gather_seconds
        self._poll_seconds = poll_seconds
        self._replies: dict[str, asyncio.Future[Reply]] = {}
        self._waiting: list[Call] = []
        self._unpaid: list[Call] = []
        self._held: set[str] = set()
        self._claims = asyncio.Lock()
        self._fruitless = 0
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def adopt(self) -> None:
        """Collect the open batches of runs that are gone."""
        async with self._claims:  # a batch that is just noted here is not held yet
            adopted = await adopt_batches(self._log, self._url, self._held)
            self._held.update(batch.hash for batch in adopted)
        for batch in adopted:
            for attempt in batch.attempts:
                self._future(attempt.call.key)
            self._start(self._collect(batch))

    async def reply(self, call: Call) -> Reply:
        if (stored := await self._log.stored(call)) is not None:
            return stored
        if self._failures.refusal is not None:
            raise self._failures.refusal
        if call.key in self._replies:
            return await asyncio.shield(self._replies[call.key])
        future = self._future(call.key)
        self._ask(call)
        return await asyncio.shield(future)

    def stop(self) -> None:
        """Send no further batch, and wait for none: the next run collects those at the server."""
        self._failures.refusal = Unavailable("the teacher was stopped", None)
        for key in list(self._replies):
            self._settle(key, self._failures.refusal)

    async def close(self) -> None:
        """Leave. Open batches go on at the server."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._timer is not None:
            self._timer.cancel()
        await self._client.close()

    def _future(self, key: str) -> "asyncio.Future[Reply]":
        if key in self._replies:
            return self._replies[key]
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda done: done.cancelled() or done.exception())  # perhaps nobody waits for it
        self._replies[key] = future
        return future

    def _ask(self, call: Call) -> None:
        """Put a call into the next batch."""
        self._waiting.append(call)
        if self._timer is not None:
            self._timer.cancel()
        wait = 0.0 if len(self._waiting) >= self.at_once else self._gather_seconds
        self._timer = asyncio.get_running_loop().call_later(wait, self._send_waiting)

    def _send_waiting(self) -> None:
        if self._failures.refusal is not None:
            return self._fail(self._waiting, self._failures.refusal)
        groups: defaultdict[tuple[str, str], list[Call]] = defaultdict(list)
        for call in self._waiting:
            groups[call.request["path"], call.request["body"].get("model", "")].append(call)
        self._waiting = []
        for calls in groups.values():
            for part in _parts(calls, self.at_once):
                self._start(self._send(part))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, calls: list[Call]) -> None:
        try:
            async with self._claims:
                claimed = await claim_batch(self._log, calls, [self._ceiling(call) for call in calls])
                if claimed.batch is not None:
                    self._held.add(claimed.batch.hash)
        except Exception as error:
            self._fail(calls, error)
            return
        for key, reply in claimed.replies.items():
            self._settle(key, reply)
        if claimed.elsewhere:
            self._start(self._later(claimed.elsewhere, 1))
        if claimed.limit is not None and self._held:  # a batch that ends costs less than its ceiling
            self._unpaid += claimed.unpaid
        elif claimed.limit is not None:
            self._fail(claimed.unpaid, claimed.limit)
        if claimed.batch is not None:
            await self._collect(claimed.batch)

    async def _later(self, calls: list[Call], polls: int) -> None:
        """Ask again, after the time of so many looks at a batch."""
        await asyncio.sleep(polls * self._poll_seconds)
        try:
            await self.adopt()
        except Exception as error:
            self._fail(calls, error)
            return
        for call in calls:
            self._ask(call)

    async def _collect(self, batch: Batch) -> None:
        """Send a batch if the server does not have it, wait for its end, and store all replies."""
        try:
            server_id = batch.server_id
            if server_id is None:
                server_id = (await self._api.found_or_created(batch)).id
                await note_created(self._log, batch, server_id)
            ended = await self._api.ended(server_id)
            lines = {line.name: line for line in await self._api.lines(ended)}
            await self._store(batch, ended, lines)
        except Exception as error:  # the batch stays open: the next run collects it
            self._fail([attempt.call for attempt in batch.attempts], error)
        finally:
            self._held.discard(batch.hash)
            unpaid, self._unpaid = self._unpaid, []
            for call in unpaid:
                self._ask(call)

    async def _store(self, batch: Batch, ended: ServerBatch, lines: dict[str, Line]) -> None:
        replies: dict[str, Reply] = {}
        errors: dict[str, Exception] = {}
        notes: list[Future[None]] = []
        for attempt in batch.attempts:
            note, result = self._end(attempt, ended, lines.get(line_name(attempt)))
            notes.append(note)
            if isinstance(result, Reply):
                replies[attempt.call.key] = result
            elif result is not None:
                errors[attempt.call.key] = result
        await asyncio.gather(*map(asyncio.wrap_future, notes))
        await note_ended(self._log, batch)
        for key, reply in replies.items():
            self._settle(key, reply)
        for key, error in errors.items():
            self._settle(key, error)
        rest = [one.call for one in batch.attempts if one.call.key not in replies and one.call.key not in errors]
        self._fruitless = 0 if replies else self._fruitless + 1
        if rest and ended.status == "failed" and not _may_work_later(ended):
            self._fail(rest, self._failures.refused_all(_reason(ended)))
        elif rest and self._fruitless >= _MOST_FRUITLESS:
            message = (
                f"{self._url} gave no reply in {self._fruitless} batches ({_reason(ended)}); run it again to go on"
            )
            self._fail(rest, Unavailable(message, None))
        else:
            self._start(self._later(rest, _LATER if ended.status == "failed" else 0))

    def _end(
        self, attempt: Attempt, ended: ServerBatch, line: Line | None
    ) -> "tuple[Future[None], Reply | Exception | None]":
        """Note the end of an attempt. The second result is the end of its call. None: ask again."""
        if line is None:
            reason = f"batch {ended.id} ({ended.status}) has no line for it"
            note = self._log.refused if ended.status == "failed" else self._log.unknown
            return note(attempt, reason), None
        if line.status != 200:
            reason = f"status {line.status}: {line.reason}" if line.status else line.reason
            is_lost = line.status is not None and is_final(line.status, line.body)
            error = self._failures.refused(reason, line.status or 0) if is_lost else None
            return self._log.refused(attempt, reason, line.status, line.body), error
        self._failures.answered()  # refusals are counted one after another
        usage = usage_of(line.body)
        headers = {"x-request-id": line.request_id, "batch": ended.id}
        reply = Reply(200, headers, line.body, usage or Usage())
        cost = self._ceiling(attempt.call) if usage is None else self._prices.cost(usage, in_batch=True)
        return self._log.answered(attempt, reply, cost), reply

    def _ceiling(self, call: Call) -> Cost:
        body = call.request["body"]
        return self._prices.ceiling(len(orjson.dumps(body)), completion_tokens(body), in_batch=True)

    def _settle(self, key: str, result: Reply | Exception) -> None:
        future = self._replies.pop(key, None)
        if future is None or future.done():
            return
        if isinstance(result, Reply):
            future.set_result(result)
        else:
            future.set_exception(result)

    def _fail(self, calls: Iterable[Call], error: Exception) -> None:
        for call in calls:
            self._settle(call.key, error)


def _parts(calls: list[Call], most: int) -> Iterable[list[Call]]:
    """The calls in parts that a batch can hold."""
    sizes = {id(call): len(orjson.dumps(call.request)) + 200 for call in calls}
    start = 0
    while start < len(calls):
        part: list[Call] = []
        size = 0
        for call in islice(calls, start, start + most):
            size += sizes[id(call)]
            if part and size > _MOST_BYTES:
                break
            part.append(call)
        yield part
        start += len(part)


def _may_work_later(ended: ServerBatch) -> bool:
    """True for a failed batch that exceeded a limit of the moment."""
    return "token_limit_exceeded" in _reason(ended)


def _reason(ended: ServerBatch) -> str:
    """The state of a batch and its errors."""
    errors = (ended.errors.data if ended.errors is not None else None) or []
    return "; ".join([f"batch {ended.id} is {ended.status}", *(f"{error.code}: {error.message}" for error in errors)])
