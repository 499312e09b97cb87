"""Work that ends with the connection of its client."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from schemas.errors import Unavailable

T = TypeVar("T")
Disconnect = Callable[[], Awaitable[None]]
"""Returns when the client disconnects."""
_WATCH_AFTER = 0.01
"""Seconds without a watch on the connection. Most answers are done by then, and a watch takes a tenth of a lookup."""


async def cancel_on(disconnect: Disconnect, work: Awaitable[T]) -> T:
    """The result of the work. If the client disconnects before, cancels the work and raises Unavailable."""
    watch = _Watch(disconnect)
    try:
        return await work
    except asyncio.CancelledError:
        if watch.has_disconnected:
            raise Unavailable("the client hung up") from None
        raise
    finally:
        watch.stop()


class _Watch:
    """Cancels the current task when the client disconnects, until it is stopped."""

    def __init__(self, disconnect: Disconnect) -> None:
        self.has_disconnected = False
        self._disconnect = disconnect
        self._working = asyncio.current_task()
        self._watching: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(_WATCH_AFTER, self._start)

    def stop(self) -> None:
        self._timer.cancel()
        if self._watching is not None:
            self._watching.cancel()
        if self.has_disconnected and self._working is not None:
            self._working.uncancel()

    def _start(self) -> None:
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        await self._disconnect()
        self.has_disconnected = True
        if self._working is not None:
            self._working.cancel()
