"""The pace of calls: limits a minute, and a concurrency that finds itself.

Concurrency grows while throughput grows, and falls after refusals and with slowness, as in congestion control of TCP
(RFC 5681): doubled at first, later by a quarter, and by a third down.
"""

import asyncio
import math
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiolimiter import AsyncLimiter

from distill.teacher.slots import Slots

_FIRST = 4
_GAIN = 1.05
"""Growth of throughput that is worth a higher concurrency."""
_WINDOW_SECONDS = 1.0
_LEAST_REPLIES = 8
"""Least length of a window. More would be surer, but slow servers need minutes for them."""
_PROBE_EVERY = 10
"""Windows without a change before a higher concurrency is tried again."""


class Pace:
    """Slots for calls under way.

    most: the highest concurrency.
    requests, tokens: limits a minute. None: no limit.
    """

    def __init__(self, most: int, requests: int | None = None, tokens: int | None = None) -> None:
        self.most = most
        self._requests = None if requests is None else AsyncLimiter(requests)
        self._tokens = None if tokens is None else AsyncLimiter(tokens)
        self._slots = Slots(min(_FIRST, most))
        self._is_starting = True
        self._resumes = 0.0
        self._best = (0.0, self.concurrency)
        self._window = _Window(self.concurrency)
        self._quiet = 0

    @property
    def concurrency(self) -> int:
        """The most calls under way, as it is now."""
        return self._slots.size

    @asynccontextmanager
    async def slot(self, tokens: int) -> AsyncGenerator[None]:
        """A place for one call. tokens: the most that it can take."""
        async with self._slots.place():
            await asyncio.sleep(max(0.0, self._resumes - time.monotonic()))
            if self._requests is not None:
                await self._requests.acquire()
            if self._tokens is not None:
                await self._tokens.acquire(min(tokens, self._tokens.max_rate))
            self._window.peak = max(self._window.peak, self._slots.taken)
            yield

    def answered(self) -> None:
        """Count a reply."""
        self._window.replies += 1
        if self._window.is_over(self.concurrency):
            self._adapt(self._window)

    def refused(self, pause: float = 0.0) -> None:
        """A server that is too busy: fewer calls at once, once for all refusals of one moment.

        pause: seconds without a new call, as the server asks.
        """
        self._resumes = max(self._resumes, time.monotonic() + pause)
        if self._window.has_refusal:
            return
        self._is_starting = False
        self._set(max(1, self.concurrency * 2 // 3))
        self._best = (0.0, self.concurrency)
        self._window.has_refusal = True

    def _adapt(self, window: "_Window") -> None:
        rate, (best_rate, best) = window.rate, self._best
        if window.peak < self.concurrency:  # too few calls to learn from
            self._set(self.concurrency)
        elif rate > best_rate * _GAIN:
            self._best = (rate, self.concurrency)
            self._quiet = 0
            self._set(self._higher())
        elif self.concurrency != best:
            self._is_starting = False
            self._set(best)
        else:
            self._best = (rate, best)  # as it is now, not as it once was
            self._quiet += 1
            self._set(self._higher() if self._quiet % _PROBE_EVERY == 0 else best)

    def _higher(self) -> int:
        factor = 2.0 if self._is_starting else 1.25
        return min(self.most, math.ceil(self.concurrency * factor))

    def _set(self, concurrency: int) -> None:
        self._slots.size = concurrency
        self._window = _Window(self._slots.taken)


class _Window:
    """The replies of a time with one concurrency. The calls under way at its beginning are not its own."""

    def __init__(self, warm_up: int) -> None:
        self.replies = -warm_up
        self.peak = 0
        self.has_refusal = False
        self._began: float | None = None if warm_up else time.monotonic()

    def is_over(self, concurrency: int) -> bool:
        if self._began is None:
            if self.replies >= 0:
                self._began = time.monotonic()
            return False
        return self.replies >= max(_LEAST_REPLIES, concurrency) and time.monotonic() - self._began >= _WINDOW_SECONDS

    @property
    def rate(self) -> float:
        """Replies a second."""
        assert self._began is not None
        return self.replies / (time.monotonic() - self._began)
