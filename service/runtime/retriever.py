"""What proposes stored events that are like a text, as a part of the service: embedder and index, made ready late.

While it is made ready (the embedder loads, events without a vector get one) the graph answers already.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from graph.stores.protocol import Store
from graph.vectors.build import complete
from graph.vectors.connect import open_index
from graph.vectors.protocol import REBUILD, Neighbor, VectorIndex
from schemas.embeddings import EmbedderInfo, Vectors
from schemas.errors import CometgraphError, Unavailable
from service.runtime import model_factories
from service.runtime.batcher import Batcher
from service.runtime.lazy_model import persistently
from service.runtime.model_process import Models, Remote
from service.runtime.wait_policy import WaitPolicy, waiting_as

_log = logging.getLogger("cometgraph.index")
AT_ONCE = 64
"""Most texts that are embedded in one batch."""
WAITING = 4_096
REMEMBERED = 10_000
"""Texts whose vectors are kept in memory."""
LOOK_AGAIN_SECONDS = 60.0
"""How often a store to which others write is asked for events without a vector."""


@dataclass(frozen=True, slots=True)
class EmbedderSpec:
    """The embedder to use: its name, threads on the CPU, and the folder for what is made of its files."""

    embedder: str
    threads: int
    cache: Path


class Retriever:
    """Proposes stored events by vector. state: loading, up or failed; doing: what it does, or why it failed.

    is_late: made ready when it is needed first, and who needs it waits; else at once, and who comes too early is told.
    """

    def __init__(
        self, store: Store, spec: EmbedderSpec, models: Models, *, read_only: bool = False, is_late: bool = False
    ) -> None:
        self.state: Literal["loading", "up", "failed"] = "loading"
        self.doing = "starting"
        self.repaired = ""
        self.made: EmbedderInfo | None = None
        self.events = 0
        self.hits = 0
        self._store = store
        self._spec = spec
        self._models = models
        models.when_lost(self._lost)
        self._read_only = read_only
        self._is_late = is_late
        self._embedder: Remote[EmbedderInfo] | None = None
        self._index: VectorIndex | None = None
        self._opened = AsyncExitStack()
        self._writing = asyncio.Lock()
        self._getting_ready: asyncio.Task[None] | None = None
        self._next_try = 0.0
        self._is_wanted = False
        self._looking: asyncio.Task[None] | None = None
        self._remembered: OrderedDict[str, Vectors] = OrderedDict()
        self.batcher: Batcher[str, Vectors] = Batcher(
            "embedder", self._embed, size=AT_ONCE, limit=WAITING, patience=0.0, timeout=30.0
        )

    def start(self) -> None:
        """Begin; needs a running loop."""
        self.batcher.start()
        if not self._is_late:
            self.refresh()

    async def close(self) -> None:
        """Stop; who waits is told so."""
        await self.batcher.close()
        for task in (self._looking, self._getting_ready):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        await self._opened.aclose()
        self._drop_embedder()

    # --- asking ---

    async def near(
        self, texts: Sequence[str], k: int, *, generated: bool = False, remember: bool = True
    ) -> list[list[Neighbor]]:
        """For each text the `k` nearest stored events. Raises Unavailable, Overloaded.

        generated: also those of which only students spoke. remember: vectors of texts that are new stay in memory.
        """
        index = await self._ready()
        if not texts:
            return []
        return await index.nearest(await self._vectors(texts, remember=remember), k, generated=generated)

    async def similarities(self, text: str, events: Sequence[str], *, remember: bool = True) -> list[float]:
        """The cosine of a text and each of some events, stored or not. Raises Unavailable, Overloaded."""
        index = await self._ready()
        known = await index.vectors(events)
        others = [event for event in dict.fromkeys(events) if event not in known]
        [vector, *rest] = await self._vectors([text, *others], remember=remember)
        known |= zip(others, rest, strict=True)
        if not events:
            return []
        rows = np.array([known[event] for event in events])
        return (rows @ vector / np.linalg.norm(rows, axis=1)).tolist()

    async def ready(self) -> None:
        """Returns when it can be asked; where it is not late, raises Unavailable instead of waiting."""
        await self._ready()

    async def _ready(self) -> VectorIndex:
        if self._is_late:
            await asyncio.shield(self.refresh() if self._getting_ready is None else self._getting_ready)
        if self._index is None or self.state != "up":
            if self.state == "failed":
                raise Unavailable(f"the index of events cannot be used: {self.doing}", None)
            pause = max(5, round(self._next_try - time.monotonic()))
            raise Unavailable(f"the index of events is being made ready ({self.doing})", pause)
        return self._index

    async def _vectors(self, texts: Sequence[str], *, remember: bool = True) -> Vectors:
        made = {text: self._remembered[text] for text in texts if text in self._remembered}
        new = [text for text in dict.fromkeys(texts) if text not in made]
        self.hits += len(texts) - len(new)
        if new:
            self.batcher.room_for(len(new))
            made |= zip(new, await asyncio.gather(*(self.batcher.ask(text, text) for text in new)), strict=True)
        rows = [made[text] for text in texts]
        if not remember:
            return np.array(rows)
        for text, vector in made.items():
            self._remembered[text] = vector
            self._remembered.move_to_end(text)
        while len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
        return np.array(rows)

    async def _embed(self, texts: Sequence[str]) -> Sequence[Vectors]:
        if self._embedder is None:
            raise Unavailable("the embedder is being made ready", 5)
        return list(await self._embedder.call("embed", list(texts)))

    # --- what is stored ---

    async def learn(self, events: Sequence[str]) -> None:
        """Events came into the store: returns when they are found.

        While it is being made ready, that finds them by itself; where it is not up at all, the next start does.
        """
        # A busy embedder only delays the vectors: nobody waits for them as for an answer.
        with waiting_as(WaitPolicy.BATCH):
            await self._learn(events)

    async def _learn(self, events: Sequence[str]) -> None:
        async with self._writing:
            if self.state != "up" or self._index is None or self._read_only:
                return
            try:
                new = await self._index.missing(list(dict.fromkeys(events)))
                if new:
                    await self._index.add(new, await self._vectors(new))
                    self.events += len(new)
            except CometgraphError as error:
                _log.error("new events have no vector yet: %s", error)
                self.state = "loading"
                self.refresh()

    def refresh(self) -> "asyncio.Task[None]":
        """See that every event of the store has a vector, in the background."""
        self._is_wanted = True
        if self._getting_ready is None or self._getting_ready.done():
            self._getting_ready = asyncio.create_task(self._make_ready(), name="make the index ready")
        return self._getting_ready

    async def _make_ready(self) -> None:
        try:
            while self._is_wanted:
                self._is_wanted = False
                if self._is_late:
                    await self._open_and_complete()
                else:
                    await persistently(self._open_and_complete, self._wait)
        except CometgraphError as error:
            self._failed(str(error))
        except Exception as error:  # whatever a model's files can do, the graph goes on answering
            _log.exception("the index of events cannot be used")
            self._failed(f"{type(error).__name__}: {error}")

    async def _open_and_complete(self) -> None:
        await self._open()
        await self._complete()

    async def _open(self) -> None:
        if self._embedder is None:
            spec = self._spec
            self._progress("loading the embedder", 0, 0)
            self._embedder = await self._models.open(
                "embedder", model_factories.embedder, spec.embedder, spec.threads, spec.cache, progress=self._progress
            )
        self.made = self._embedder.about
        if self._index is None:
            self._progress("opening the index", 0, 0)
            self._index = await self._opened.enter_async_context(
                open_index(self._store, self.made, read_only=self._read_only)
            )
            self.repaired = self._index.repaired

    async def _complete(self) -> None:
        """Until nothing is missing, with no event coming in while that is found out."""
        assert self._index is not None
        assert self._embedder is not None
        while True:
            if self._read_only:
                missing = len(await self._index.missing())
                if missing:
                    raise Unavailable(f"{missing:,} events of the store have no vector; `{REBUILD}` makes them")
                break
            added = await complete(self._index, _Embedder(self._embedder), self._progress)
            if added:
                _log.info("%d events got their vectors", added)
            async with self._writing:
                if not await self._index.missing():
                    self._up()
                    break
        self.events = await self._index.count()
        self._up()

    def _up(self) -> None:
        if self.state != "up":
            _log.info("the index of events is up (%s)", self.made)
        self.state, self.doing = "up", ""
        if self._looking is None and self._store.changes is None and not self._is_late and not self._read_only:
            self._looking = asyncio.create_task(self._look_again(), name="look for events without a vector")

    async def _look_again(self) -> None:
        """Others write to the store, and may know nothing of vectors."""
        while True:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            await asyncio.shield(self.refresh())

    def _lost(self) -> None:
        """The process of the embedder has ended by itself."""
        if self._embedder is not None:
            self._drop_embedder()
            self.state = "loading"
            if not self._is_late:
                self.refresh()

    def _drop_embedder(self) -> None:
        embedder, self._embedder = self._embedder, None
        if embedder is not None:
            embedder.close()

    def _failed(self, reason: str) -> None:
        _log.error("the index of events cannot be used: %s", reason)
        self.state, self.doing = "failed", reason

    def _wait(self, error: Exception, pause: float) -> None:
        self._next_try = time.monotonic() + pause
        self.state, self.doing = "loading", f"{error}; next try in {pause:g} s"
        _log.warning("index: %s", self.doing)

    def _progress(self, what: str, done: int, total: int) -> None:
        doing = f"{what}: {done:,} of {total:,}" if total else what
        if doing != self.doing:
            _log.info("index: %s", doing)
        self.doing = doing


class _Embedder:
    """See schemas.embeddings.Embedder. It computes in the process of the models."""

    def __init__(self, remote: Remote[EmbedderInfo]) -> None:
        self.name, self.version, self.dimension = remote.about.name, remote.about.version, remote.about.dimension
        self._remote = remote

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self._remote.call_and_wait("embed", list(texts))

    def close(self) -> None:
        """The proposer closes it."""


@asynccontextmanager
async def open_retriever(
    store: Store, spec: EmbedderSpec, models: Models, *, read_only: bool = False, is_late: bool = False
) -> AsyncGenerator[Retriever]:
    """A proposer that is being made ready, or will be; closed at the end."""
    retriever = Retriever(store, spec, models, read_only=read_only, is_late=is_late)
    retriever.start()
    try:
        yield retriever
    finally:
        await retriever.close()
