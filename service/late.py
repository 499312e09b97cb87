"""What takes seconds to load: loaded in the background, or when it is first needed. Until then the graph answers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Literal, TypeVar

from schemas.errors import CometgraphError, Unavailable

T = TypeVar("T")
State = Literal["loading", "up", "failed"]
Told = Callable[[str, int, int], None]


class Late(Generic[T]):
    """state, what it is doing while it loads, and the reason where it failed.

    is_late: loaded when it is needed first, and who needs it waits; else at once, and who comes too early is told so.
    """

    def __init__(
        self, what: str, load: Callable[[Told], T], thread: ThreadPoolExecutor, log: logging.Logger, *, is_late: bool
    ) -> None:
        self.state: State = "loading"
        self.doing = "starting"
        self.reason = ""
        self.is_late = is_late
        self._what = what
        self._load = load
        self._thread = thread
        self._log = log
        self._loaded: T | None = None
        self._loading: asyncio.Task[None] | None = None

    def start(self, then: Callable[[T], Awaitable[None]] | None = None) -> None:
        """Begin, unless it is late; `then` is done when it is up. Needs a running loop."""
        if not self.is_late:
            self._loading = asyncio.create_task(self._work(then), name=f"load {self._what}")

    def close(self) -> T | None:
        """Stop loading; what was loaded, for its owner to close."""
        if self._loading is not None:
            self._loading.cancel()
        return self._loaded

    @property
    def value(self) -> T:
        """What was loaded. Raises Unavailable while it loads, and where it cannot be loaded."""
        if self._loaded is None:
            if self.state == "failed":
                raise Unavailable(f"{self._what} cannot be used: {self.reason}", 60)
            raise Unavailable(f"{self._what} is being made ready ({self.doing})", 5)
        return self._loaded

    async def ready(self) -> T:
        """The same; where it is late, waited for. Raises Unavailable."""
        if self.is_late:
            if self._loading is None:
                self._loading = asyncio.create_task(self._work(None), name=f"load {self._what}")
            await asyncio.shield(self._loading)
        return self.value

    async def _work(self, then: Callable[[T], Awaitable[None]] | None) -> None:
        try:
            loaded = await asyncio.get_running_loop().run_in_executor(self._thread, self._load, self._told)
        except CometgraphError as error:
            self._failed(str(error))
            return
        except Exception as error:  # whatever a model's files can do, the graph goes on answering
            self._log.exception("%s cannot be loaded", self._what)
            self._failed(f"{type(error).__name__}: {error}")
            return
        self._loaded, self.state = loaded, "up"
        self._log.info("%s is up", self._what)
        if then is not None:
            await then(loaded)

    def _failed(self, reason: str) -> None:
        self._log.error("%s cannot be used: %s", self._what, reason)
        self.state, self.reason = "failed", reason

    def _told(self, what: str, _done: int, _total: int) -> None:
        if what != self.doing:
            self._log.info("%s: %s", self._what, what)
        self.doing = what
