"""Many tasks at once: a bounded number under way, their results in order, as they come."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

from schemas.errors import CometgraphError
from service.runtime.wait_policy import WaitPolicy, waiting_as

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 1000
"""Maximum results under way or waiting for an earlier one."""
PART = 100
"""Questions of a batch in one lookup."""


class Room:
    """A number of places, shared by the tasks under way. One task at a time may ask for places."""

    def __init__(self, places: int) -> None:
        self._free = self._all = places
        self._freed = asyncio.Event()

    async def free(self, places: int) -> None:
        """Return when `places` are free. All of them are enough for a greater number."""
        while self._free < min(places, self._all):
            self._freed.clear()
            await self._freed.wait()

    def start(self, work: Coroutine[Any, Any, R], places: int = 1) -> "asyncio.Task[R]":
        """Start a task. It holds `places` until it is done."""
        places = min(places, self._all)
        self._free -= places

        def give_back(_: Any) -> None:
            self._free += places
            self._freed.set()

        task = asyncio.create_task(work)
        task.add_done_callback(give_back)
        return task


async def in_order(started: "AsyncGenerator[asyncio.Future[R]]", ahead: int = AHEAD) -> AsyncGenerator[R]:
    """The results of futures, in the order of their start. Raises their errors, and those of `started`.

    `started` runs beside its consumer, at most `ahead` futures in front. Its tasks wait under the policy BATCH. Closing
    or cancelling the generator cancels all of them.
    """
    under_way: asyncio.Queue[asyncio.Future[R] | None] = asyncio.Queue()
    space = asyncio.Semaphore(ahead)

    async def start_all() -> None:
        with waiting_as(WaitPolicy.BATCH):
            async with aclosing(started):
                async for future in started:
                    under_way.put_nowait(future)
                    await space.acquire()

    starting = asyncio.create_task(start_all())
    starting.add_done_callback(lambda _: under_way.put_nowait(None))
    futures: list[asyncio.Future[Any]] = [starting]
    try:
        while (future := await under_way.get()) is not None:
            futures[1:] = [future]
            yield await future
            space.release()
        await starting
    finally:
        while not under_way.empty():
            if (future := under_way.get_nowait()) is not None:
                futures.append(future)
        for future in futures:
            future.cancel()
        await asyncio.gather(*futures, return_exceptions=True)


def each(
    values: Sequence[T], work: Callable[[T], Coroutine[Any, Any, R]], *, at_once: int
) -> AsyncGenerator[R | CometgraphError]:
    """The result of `work` for each value, or its CometgraphError, in order. `at_once` values are under way."""

    async def result(value: T) -> R | CometgraphError:
        try:
            return await work(value)
        except CometgraphError as error:
            return error

    async def started() -> "AsyncGenerator[asyncio.Future[R | CometgraphError]]":
        room = Room(at_once)
        for value in values:
            await room.free(1)
            yield room.start(result(value))

    return in_order(started())


async def in_parts(values: Sequence[T]) -> AsyncGenerator[Sequence[T]]:
    """The values, `PART` at a time."""
    for start in range(0, len(values), PART):
        yield values[start : start + PART]


async def collected(results: AsyncGenerator[R]) -> list[R]:
    """All results."""
    async with aclosing(results):
        return [result async for result in results]


def done(result: R) -> "asyncio.Future[R]":
    """A future with its result."""
    future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
    future.set_result(result)
    return future
