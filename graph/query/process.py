"""Reader processes as the service sees them: a few slots, started ahead, killed at the time-out, replaced at once."""

import asyncio
import contextlib
import math
import os
import signal
import sys
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from graph.query import frames
from graph.query.child import Request
from graph.query.fence import Statement
from graph.query.request import QueryLimits, Rows
from schemas.errors import BadQuery, CometgraphError, Overloaded, QueryEnded, StoreUnavailable

_ROOT = Path(__file__).parent.parent.parent
_CODE = "import sys; sys.path.extend(sys.argv[1:]); from graph.query.child import main; main()"
GRACE_SECONDS = 0.5
"""A query that the store itself does not end is killed this long after its time."""
_SERVER_SECONDS = 3.0
"""A server looks for transactions over their time every two seconds."""
_POLL_SECONDS = 0.5
_TRIES = 3
"""Processes that may be lost before a query runs: a graph that opens during a checkpoint can kill one."""


class _LostError(Exception):
    """The process has ended before it ran the query."""


class Reader:
    """One reader process. config: the module with `open_reader`, and its arguments."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.is_idle = False
        """It waits for a query. False after a call that did not come to its end."""
        self._config = config
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and wait until it is ready. Raises _LostError, StoreUnavailable."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-c", _CODE, str(_ROOT)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={},
            cwd="/",
        )
        try:
            await self._send(self._config)
            message = await self._next()
        except (ConnectionError, asyncio.IncompleteReadError):
            raise _LostError from None
        if "error" in message:
            raise StoreUnavailable(message["message"])
        self.is_idle = True

    async def answer(self, request: Request) -> Rows:
        """The rows of a query. Raises _LostError, QueryEnded, BadQuery, StoreUnavailable."""
        self.is_idle = is_opened = False
        rows = Rows()
        try:
            await self._send(asdict(request))
            while True:
                match message := await self._next():
                    case {"opened": _}:
                        is_opened = True
                    case {"columns": columns}:
                        rows.columns = columns
                    case {"rows": more}:
                        rows.rows += more
                    case {"truncated": truncated}:
                        rows.truncated = truncated
                        self.is_idle = True
                        return rows
                    case _:
                        self.is_idle = True
                        raise _error(message)
        except (ConnectionError, asyncio.IncompleteReadError):
            if is_opened:
                raise QueryEnded("the query ended its process") from None
            raise _LostError from None

    async def end(self) -> None:
        """Kill it, and wait until it is gone."""
        if self._process is not None:
            if self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._process.pid, signal.SIGKILL)  # Popen.kill would reap it before asyncio does
            await self._process.wait()

    @property
    def pid(self) -> int | None:
        """Its process id."""
        return self._process.pid if self._process is not None else None

    async def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(frames.packed(message))
        await self._process.stdin.drain()

    async def _next(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        size = frames.length(await self._process.stdout.readexactly(frames.HEADER))
        return frames.unpacked(await self._process.stdout.readexactly(size))


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

    async def ask(self, statement: Statement, rows: int, *, is_planned: bool = False) -> Rows:
        """The rows of a statement. A cancelled call ends the query.

        Raises BadQuery, QueryEnded, Overloaded, StoreUnavailable.
        """
        limits = self.limits
        if self._taken >= limits.slots:
            raise Overloaded(f"all {limits.slots} slots for queries are taken", math.ceil(limits.seconds))
        request = Request(
            statement.text,
            statement.parameters,
            statement.columns,
            rows,
            limits.bytes,
            limits.seconds,
            uuid.uuid4().hex,
            is_planned,
        )
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
            except _LostError:
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
            with contextlib.suppress(_LostError):
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
        with contextlib.suppress(StoreUnavailable, _LostError):  # the next query tries again, and says so
            while len(self._all) < self._wanted():
                self._idle.append(await self._started())

    def _give_back(self, reader: Reader, work: asyncio.Task[Rows], query: str) -> None:
        """The end of a query for its caller. A server may still work on it, and keeps the slot."""
        if reader.is_idle:
            self._idle.append(reader)
        elif self._is_running is None or work.done():
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


def _error(message: Mapping[str, Any]) -> CometgraphError:
    """An error of a reader process."""
    match message["error"]:
        case "refused":
            allowed = "a query that this store can read (docs/cypher.md)"
            return BadQuery("", message["message"], allowed, message["line"] or 1, message["column"] or 1)
        case "ended":
            return QueryEnded(message["message"])
        case _:
            return StoreUnavailable(message["message"])
