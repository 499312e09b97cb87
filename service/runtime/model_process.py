"""The process of the models: parser, embedder, judge, critic and student run beside the service, not in it.

The event loop shares no interpreter with them, and the operating system prefers it: lookups in the graph are as quick
while a model computes or loads. Models load one after the other.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

from distill.weights.child import Channel, Child
from schemas.errors import Unavailable
from schemas.progress import Progress

_log = logging.getLogger("cometgraph.models")
About = TypeVar("About")
NICE = 10
"""Niceness of the models beside a service. On scarce cores they get a tenth of its time."""


class Remote(Generic[About]):
    """A model in another process. about: its description. A thread of its own waits for it."""

    def __init__(self, about: About, channel: Channel, thread: ThreadPoolExecutor) -> None:
        self.about = about
        self._channel = channel
        self._thread = thread

    async def call(self, method: str, *args: Any) -> Any:
        """The result of a method. Raises its errors, and Unavailable if the process ends."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._channel.call, method, *args)

    def call_and_wait(self, method: str, *args: Any) -> Any:
        """The same, in the caller's thread."""
        return self._channel.call(method, *args)

    def close(self) -> None:
        """Close the model in its process."""
        self._channel.close()
        self._thread.shutdown(wait=False, cancel_futures=True)


class Models:
    """A process for models. It starts with its first model, and again after a kill."""

    def __init__(self, name: str, *, nice: int = 0) -> None:
        self.nice = nice
        self._name = name
        self._child: Child | None = None
        self._one_at_a_time = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._users: list[Callable[[], None]] = []
        self._is_closed = False

    def when_lost(self, user: Callable[[], None]) -> None:
        """Call `user` on the event loop after an unexpected end of the process."""
        self._users.append(user)

    async def open(
        self, what: str, factory: Callable[..., tuple[Any, About]], *args: Any, progress: Progress
    ) -> Remote[About]:
        """A model made by `factory(*args, progress)`. The factory returns it with its description.

        Progress is reported on the event loop. Raises the factory's errors, and Unavailable if the process ends.
        """
        loop = self._loop

        def report(*done: Any) -> None:
            loop.call_soon_threadsafe(progress, *done)

        async with self._one_at_a_time:
            thread = ThreadPoolExecutor(1, what)
            try:
                return await loop.run_in_executor(thread, self._open, thread, factory, args, report)
            except BaseException:
                thread.shutdown(wait=False)
                raise

    async def close(self) -> None:
        """End the process."""
        self._is_closed = True
        if self._child is not None:
            await asyncio.to_thread(self._child.close)

    @property
    def pid(self) -> int | None:
        """The process id. None: not running."""
        return self._child.pid if self._child is not None else None

    def _open(
        self,
        thread: ThreadPoolExecutor,
        factory: Callable[..., tuple[Any, About]],
        args: tuple[Any, ...],
        report: Progress,
    ) -> Remote[About]:
        if self._is_closed:
            raise Unavailable("the service is stopping")
        if self._child is None:
            self._child = Child(self._name, nice=self.nice, on_end=self._ended)
        channel = self._child.channel()
        try:
            return Remote(channel.open(factory, *args, progress=report), channel, thread)
        except BaseException:
            channel.close()
            raise

    def _ended(self) -> None:
        """The process has ended by itself. Called from a thread."""
        child, self._child = self._child, None
        if child is not None:
            _log.error("%s", child.ended())
            child.close()
        self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        for user in self._users:
            user()


@asynccontextmanager
async def open_models(name: str, *, nice: int = 0) -> AsyncGenerator[Models]:
    """A process for models, not started yet. Ended at the end."""
    models = Models(name, nice=nice)
    try:
        yield models
    finally:
        await models.close()
