"""Places for calls under way, taken in the order of asking."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Slots:
    """A semaphore with a size that may change. size: places. A call with more waits until it is alone."""

    def __init__(self, size: int) -> None:
        self.taken = 0
        self._size = size
        self._waiting = deque[tuple[int, asyncio.Future[None]]]()

    @property
    def size(self) -> int:
        """The number of places."""
        return self._size

    @size.setter
    def size(self, size: int) -> None:
        self._size = size
        self._admit()

    @asynccontextmanager
    async def place(self, count: int = 1) -> AsyncGenerator[None]:
        """Hold so many places."""
        admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((count, admitted))
        self._admit()
        try:
            await admitted
            yield
        finally:
            if admitted.done() and not admitted.cancelled():
                self.taken -= count
                self._admit()

    def _admit(self) -> None:
        while self._waiting:
            count, admitted = self._waiting[0]
            if not admitted.done():  # else cancelled
                if self.taken and self.taken + count > self._size:
                    return
                self.taken += count
                admitted.set_result(None)
            self._waiting.popleft()
