"""Reader processes as the service sees them: a few slots, started ahead, killed at the time-out, replaced at once."""

import asyncio
import contextlib
import math
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from graph.query.child import Request
from graph.query.reader import LostError, Reader
from graph.query.request import QueryLimits, Rows
from schemas.errors import Overloaded, QueryEnded, StoreUnavailable

GRACE_SECONDS = 0.5
"""A query that the store itself does not end is killed this long after its time."""
_SERVER_SECONDS = 3.0
"""A server looks for transactions over their time every two seconds."""
_POLL_SECONDS = 0.5
_TRIES = 3
"""Processes that may be lost before a query runs: a graph that opens during a checkpoint can kill one."""


class Readers:
    """A query takes a slot and an idle process."""

    def __init__(
        self,
        config: Mapping[str, Any],
        limits: QueryLimits,
        is_running: Callable[[str], Awaitable[bool]] | None = None,
    ) -> None:
        """is_running: does the server still work on a query that was given up? Its slot stays taken meanwhile."""
        self.limits = limits
        self._config = config
        self._is_running = is_running
        self._taken = 0
        self._is_used = False
        self._idle: list[Reader] = []
        self._all: set[Reader] = set()
        self._start: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def taken(self) -> int:
        """Number of taken slots."""
        return self._taken

    @property
    def pids(self) -> list[int]:
        """Process ids of the reader processes."""
        return [reader.pid for reader in self._all if reader.pid is not None]

    def start_ahead(self) -> None:
        """Start processes for the next queries: one before the first query, then one for each slot."""
        if self.limits.ahead and len(self._all) < self._wanted() and (self._start is None or self._start.done()):
            self._start = self._spawn(self._start_idle())

    def _wanted(self) -> int:
        return self.limits.slots if self._is_used else 1

    async def ask(self, text: str, parameters: Mapping[str, Any], limit: int | None = None) -> Rows:
        """The rows of a query. A cancelled call ends it.

        Raises BadInput, BadQuery, QueryEnded, Overloaded, StoreUnavailable.
        """
        limits = self.limits
        if self._taken >= limits.slots:
            raise Overloaded(f"all {limits.slots} slots for queries are taken", math.ceil(limits.seconds))
        rows = limits.rows_of(limit)
        request = Request(text, dict(parameters), rows, limits.bytes, limits.seconds, uuid.uuid4().hex)
        self._taken += 1
        self._is_used = True
        try:
            return await self._answer(request)
        finally:
            self._taken -= 1
            self.start_ahead()

    async def close(self) -> None:
        """Kill all processes, and wait for their end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(reader.end() for reader in self._all))
        self._all.clear()
        self._idle.clear()

    async def _answer(self, request: Request) -> Rows:
        """The rows from the first process that is not lost before it runs the query."""
        loop = asyncio.get_running_loop()
        patience = self.limits.seconds + GRACE_SECONDS
        until = loop.time() + patience if self.limits.ahead else math.inf
        for _ in range(_TRIES):
            try:
                async with asyncio.timeout_at(None if until == math.inf else until):
                    reader = await self._reader()
            except TimeoutError:
                break
            except LostError:
                continue
            until = min(until, loop.time() + patience)
            work = loop.create_task(reader.answer(request))
            work.add_done_callback(_retrieved)
            try:
                await asyncio.wait({work}, timeout=until - loop.time())
            except asyncio.CancelledError:
                work.cancel()
                raise
            finally:
                self._give_back(reader, work, request.id)
            if not work.done():
                raise QueryEnded(f"the query took longer than {self.limits.seconds:g} s")
            with contextlib.suppress(LostError):
                return work.result()
        raise StoreUnavailable("no reader process opens the graph in time")

    async def _reader(self) -> Reader:
        """An idle process, or a new one."""
        self.start_ahead()
        return self._idle.pop() if self._idle else await self._started()

    async def _started(self) -> Reader:
        reader = Reader(self._config)
        self._all.add(reader)
        try:
            await reader.start()
        except BaseException:
            self._lose(reader)
            raise
        return reader

    async def _start_idle(self) -> None:
        with contextlib.suppress(LostError):  # the next query tries again
            while len(self._all) < self._wanted():
                self._idle.append(await self._started())

    def _give_back(self, reader: Reader, work: asyncio.Task[Rows], query: str) -> None:
        """The end of a query for its caller. A server may still work on it, and keeps the slot."""
        if reader.is_idle:
            self._idle.append(reader)
        elif self._is_running is None or work.done() or reader.stage == "text":
            self._lose(reader)
            work.cancel()
        else:
            self._taken += 1
            self._spawn(self._outlast(reader, work, query))

    async def _outlast(self, reader: Reader, work: asyncio.Task[Rows], query: str) -> None:
        """Free the slot of a query once the server has stopped it."""
        assert self._is_running is not None
        try:
            await asyncio.wait({work}, timeout=_SERVER_SECONDS)
            if reader.is_idle:
                self._idle.append(reader)
                return
            self._lose(reader)
            with contextlib.suppress(StoreUnavailable):
                while await self._is_running(query):  # noqa: ASYNC110 (the server sends no event)
                    await asyncio.sleep(_POLL_SECONDS)
        finally:
            self._taken -= 1

    def _lose(self, reader: Reader) -> None:
        if reader in self._all:
            self._all.discard(reader)
            self._spawn(reader.end())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _retrieved(work: asyncio.Task[Rows]) -> None:
    """Look at the error of a query, although its caller may be gone."""
    if not work.cancelled():
        work.exception()
