"""A model that loads in the background, or at its first use. Until then the graph answers."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, Literal, TypeVar

from schemas.errors import CometgraphError, Unavailable
from schemas.progress import Progress
from service.runtime.model_process import Remote

About = TypeVar("About")
T = TypeVar("T")
State = Literal["loading", "up", "failed"]
FIRST_PAUSE = 1.0
"""Seconds before a failed load is tried again. Each further pause is twice as long, up to LONGEST_PAUSE."""
LONGEST_PAUSE = 300.0


class LazyModel(Generic[About]):
    """A model in the process of the models.

    state: loading, up or failed.
    doing: the step of loading.
    reason: the reason of a failure.
    is_late: load at the first use, and let the caller wait, and again at the next use after a failure that a retry may
    mend. Otherwise load at `start`.
    wait: maximum wait of a caller in seconds, for a model loaded at `start`.
    """

    def __init__(
        self,
        what: str,
        load: Callable[[Progress], Awaitable[Remote[About]]],
        log: logging.Logger,
        *,
        is_late: bool,
        wait: float = 0.0,
    ) -> None:
        self.state: State = "loading"
        self.doing = "starting"
        self.reason = ""
        self.is_late = is_late
        self._longest = None if is_late else wait
        self._what = what
        self._load = load
        self._log = log
        self._loaded: Remote[About] | None = None
        self._loading: asyncio.Task[None] | None = None
        self._next_try = 0.0
        self._is_hopeless = False

    def start(self) -> None:
        """Begin to load, unless it is late. Needs a running loop."""
        if not self.is_late:
            self.begin()

    def begin(self) -> None:
        """Begin to load, unless that is under way or done."""
        if self._loaded is None and not self.is_loading:
            self.state = "loading"
            self._loading = asyncio.create_task(self._work(), name=f"load {self._what}")

    async def close(self) -> None:
        """Stop loading, and close the model."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)
        self._drop()

    def lost(self) -> None:
        """The process of the model has ended. Load the model again, at once or at its next use."""
        if self.state == "up":
            self._drop()
            self.state, self.doing, self._loading = "loading", "starting again", None
            self.start()

    def _drop(self) -> None:
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            loaded.close()

    @property
    def is_loading(self) -> bool:
        """True during a load."""
        return self._loading is not None and not self._loading.done()

    @property
    def value(self) -> Remote[About]:
        """The loaded model. Raises Unavailable, with Retry-After only if a retry can help."""
        if self._loaded is None:
            if self.state == "failed":
                raise Unavailable(f"{self._what} cannot be used: {self.reason}", None)
            pause = max(5, round(self._next_try - time.monotonic()))
            raise Unavailable(f"{self._what} is being made ready ({self.doing})", pause)
        return self._loaded

    async def ready(self) -> Remote[About]:
        """The loaded model, after a wait of at most `wait` seconds, or without limit for a late one.

        Raises Unavailable.
        """
        if self._loaded is None and self._longest != 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._longest):
                    return await self.loaded()
        return self.value

    async def loaded(self) -> Remote[About]:
        """The loaded model, after any wait. Raises Unavailable for a failed one."""
        if self._loaded is None:
            if self.is_late and not self._is_hopeless:
                self.begin()
            assert self._loading is not None
            await asyncio.shield(self._loading)
        return self.value

    async def _work(self) -> None:
        try:
            if self.is_late:
                loaded = await self._load(self._progress)
            else:
                loaded = await persistently(lambda: self._load(self._progress), self._wait)
        except CometgraphError as error:
            self._failed(error, str(error))
        except Exception as error:  # whatever a model's files can do, the graph goes on answering
            self._log.exception("%s cannot be loaded", self._what)
            self._failed(error, f"{type(error).__name__}: {error}")
        else:
            self._loaded, self.state = loaded, "up"
            self._log.info("%s is up", self._what)

    def _failed(self, error: Exception, reason: str) -> None:
        self._log.error("%s cannot be used: %s", self._what, reason)
        self.state, self.reason, self._is_hopeless = "failed", reason, not is_passing(error)

    def _wait(self, error: Exception, pause: float) -> None:
        self._next_try = time.monotonic() + pause
        self.doing = f"{error}; next try in {pause:g} s"
        self._log.warning("%s: %s", self._what, self.doing)

    def _progress(self, what: str, _done: int, _total: int) -> None:
        if what != self.doing:
            self._log.info("%s: %s", self._what, what)
        self.doing = what


def is_passing(error: Exception) -> bool:
    """True for a failure that a retry may mend: a full disk, a killed process, no memory."""
    if isinstance(error, Unavailable):
        return error.retry_after is not None
    return isinstance(error, OSError | MemoryError)


async def persistently(work: Callable[[], Awaitable[T]], wait: Callable[[Exception, float], None]) -> T:
    """The result of `work`, tried again after passing failures. Raises all other errors.

    wait: called with the error and the seconds until the next try.
    """
    pause = FIRST_PAUSE
    while True:
        try:
            return await work()
        except Exception as error:
            if not is_passing(error):
                raise
            wait(error, pause)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
