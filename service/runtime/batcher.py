"""One worker and its queue: items of the same time are computed in one batch."""

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from schemas.errors import CometgraphError, Overloaded, Unavailable
from service.runtime.wait_policy import WaitPolicy, current_policy

Item = TypeVar("Item")
Result = TypeVar("Result")

Compute = Callable[[Sequence[Item]], Awaitable[Sequence[Result | CometgraphError]]]
"""Computes a batch: a result or an error for each item."""

_LATE = {WaitPolicy.SINGLE: "had no time for this within", WaitPolicy.BATCH: "has got nothing done for"}


@dataclass(slots=True)
class _Waiting(Generic[Item, Result]):
    """An item, and the future of all its callers."""

    item: Item
    future: "asyncio.Future[Result]"
    askers: int = 0


@dataclass(slots=True)
class BatcherStats:
    """Counts since the start."""

    batches: int = 0
    items: int = 0
    shared: int = 0
    dropped: int = 0
    refused: int = 0
    failed: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Batcher(Generic[Item, Result]):
    """At most `limit` items wait; a batch has at most `size`; the first of a batch waits `patience` seconds for others.

    Every item gets its result, its error, or a time-out after `timeout` seconds. The caller's policy decides
    (service/runtime/wait_policy.py):

    SINGLE: refused by a full queue, timed out `timeout` seconds after its arrival.
    BATCH: waits in a line before the queue, first come, first served. All batches have at most half of the queue, so
    the other half stays free for singles. Timed out after `timeout` seconds without a finished batch.
    ENDLESS: always has a place in the queue, and waits without limit.
    """

    name: str
    compute: Compute[Item, Result]
    size: int
    limit: int
    patience: float
    timeout: float
    watched: BatcherStats = field(default_factory=BatcherStats)
    _line: "dict[Hashable, _Waiting[Item, Result]]" = field(init=False)
    _queue: "dict[Hashable, _Waiting[Item, Result]]" = field(init=False)
    _running: "dict[Hashable, _Waiting[Item, Result]]" = field(init=False)
    _from_line: set[Hashable] = field(init=False)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _worker: "asyncio.Task[None] | None" = None
    _finished: float = -math.inf

    def __post_init__(self) -> None:
        self._line, self._queue, self._running = {}, {}, {}
        self._from_line = set()

    def start(self) -> None:
        """Begin to work. Needs a running loop."""
        self._worker = asyncio.create_task(self._work(), name=f"batcher {self.name}")

    async def close(self) -> None:
        """Stop. Waiting callers get Unavailable."""
        if self._worker is not None:
            self._worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._worker
        for waiting in [*self._line.values(), *self._queue.values(), *self._running.values()]:
            self._fail(waiting, Unavailable("the service is stopping"))
        self._line.clear()
        self._queue.clear()
        self._from_line.clear()

    @property
    def alive(self) -> bool:
        """False after the end of the worker. Only `close` may end it."""
        return self._worker is not None and not self._worker.done()

    @property
    def depth(self) -> int:
        """Items waiting or being computed."""
        return len(self._line) + len(self._queue) + len(self._running)

    def room_for(self, items: int) -> None:
        """Raises Overloaded if so many more items do not fit, before any of them is accepted.

        Only single questions are refused. Batches wait for room.
        """
        if current_policy() is WaitPolicy.SINGLE and len(self._queue) + items > self.limit:
            self.watched.refused += items
            raise Overloaded(f"{len(self._queue)} questions wait for the {self.name} already", self._retry_after())

    async def ask(self, key: Hashable, item: Item) -> Result:
        """The result of an item. Items with the same key at the same time share one result.

        Raises Overloaded, Unavailable after the time-out, and the error of the item itself.
        """
        policy = current_policy()
        waiting = self._running.get(key) or self._queue.get(key)
        if waiting is None:
            waiting = self._accept(key, item, policy)
        self.watched.shared += waiting.askers > 0
        waiting.askers += 1
        try:
            return await self._result(waiting, policy)
        finally:
            waiting.askers -= 1
            if not waiting.askers and not waiting.future.done():
                self._drop(key, waiting)

    def _accept(self, key: Hashable, item: Item, policy: WaitPolicy) -> "_Waiting[Item, Result]":
        """Give a new item a place in the queue or the line. Raises Overloaded, Unavailable."""
        if not self.alive:
            raise Unavailable("the service is stopping")
        self.room_for(1)
        waiting = self._line.get(key) or _Waiting(item, asyncio.get_running_loop().create_future())
        if policy is WaitPolicy.BATCH:
            self._line[key] = waiting
            self._let_in()
        else:
            self._line.pop(key, None)  # a batch asked for it, too: now it need not wait in the line
            self._queue[key] = waiting
            self._arrived.set()
        return waiting

    def _let_in(self) -> None:
        """Move items from the line to the queue while batches have less than half of it."""
        half = max(1, self.limit // 2)
        while self._line and len(self._from_line) < half and len(self._queue) < self.limit:
            key = next(iter(self._line))
            self._queue[key] = self._line.pop(key)
            self._from_line.add(key)
            self._arrived.set()

    async def _result(self, waiting: "_Waiting[Item, Result]", policy: WaitPolicy) -> Result:
        now = asyncio.get_running_loop().time
        began = now()
        while not waiting.future.done():
            since = max(began, self._finished) if policy is WaitPolicy.BATCH else began
            left = None if policy is WaitPolicy.ENDLESS else since + self.timeout - now()
            if left is not None and left <= 0:
                raise Unavailable(f"the {self.name} {_LATE[policy]} {self.timeout:g} s", self._retry_after())
            await asyncio.wait([waiting.future], timeout=left)
        return waiting.future.result()

    def _drop(self, key: Hashable, waiting: "_Waiting[Item, Result]") -> None:
        """Its last caller has left. It is not computed, unless that has begun."""
        for place in (self._line, self._queue):
            if place.get(key) is waiting:
                del place[key]
                self._from_line.discard(key)
                waiting.future.cancel()
                self.watched.dropped += 1
                self._let_in()

    async def _work(self) -> None:
        while True:
            await self._arrived.wait()
            if self.patience and len(self._queue) < self.size:
                await asyncio.sleep(self.patience)
            keys = list(self._queue)[: self.size]
            if not keys:
                self._arrived.clear()
                continue
            self._running = {key: self._queue.pop(key) for key in keys}
            self._from_line.difference_update(keys)
            # The places that are free now are the line's first, before anybody else can ask.
            self._let_in()
            if not self._queue:
                self._arrived.clear()
            await self._run(list(self._running.values()))
            self._running = {}

    async def _run(self, batch: "list[_Waiting[Item, Result]]") -> None:
        started = time.perf_counter()
        results = await self._computed([waiting.item for waiting in batch])
        if len(batch) > 1 and all(isinstance(result, Exception) for result in results):
            # Whatever one item did to the others, alone it does to itself only.
            results = [(await self._computed([waiting.item]))[0] for waiting in batch]
        for waiting, result in zip(batch, results, strict=True):
            if isinstance(result, Exception):
                self._fail(waiting, result)
            elif not waiting.future.done():
                waiting.future.set_result(result)
        self.watched.batches += 1
        self.watched.items += len(batch)
        self.watched.seconds += time.perf_counter() - started

    async def _computed(self, items: list[Item]) -> "Sequence[Result | Exception]":
        try:
            results = await self.compute(items)
        except Exception as error:  # whatever the model raises, the worker lives on
            return [error] * len(items)
        finally:
            self._finished = asyncio.get_running_loop().time()
        if len(results) != len(items):
            return [Unavailable(f"{self.name} answered {len(results)} of {len(items)}")] * len(items)
        return results

    def _fail(self, waiting: "_Waiting[Item, Result]", error: Exception) -> None:
        self.watched.failed += 1
        if not waiting.future.done():
            waiting.future.set_exception(error)
            waiting.future.exception()  # seen: nobody may be left to see it

    def _retry_after(self) -> int:
        """Expected seconds until the present queue is done, from 1 to 60."""
        pace = self.watched.seconds / self.watched.items if self.watched.items else 0.1
        return max(1, min(60, round((len(self._queue) + len(self._running)) * pace)))
