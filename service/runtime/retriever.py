"""Stored events that resemble a text: the embedder, the vector index, and the vectors of new events.

While the embedder loads and events get their vectors, the graph answers already.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graph.stores.protocol import Store
from graph.vectors.build import complete
from graph.vectors.connect import open_index
from graph.vectors.protocol import REBUILD, Neighbor, VectorIndex
from schemas.embeddings import EmbedderInfo, Vectors
from schemas.errors import CometgraphError, Unavailable
from schemas.progress import Progress, silent
from service.runtime import model_factories
from service.runtime.batcher import Batcher
from service.runtime.lazy_model import LazyModel, State, persistently
from service.runtime.model_process import Models, Remote
from service.runtime.wait_policy import WaitPolicy, waiting_as

_log = logging.getLogger("cometgraph.index")
AT_ONCE = 64
"""Maximum texts of one batch."""
WAITING = 4_096
REMEMBERED = 10_000
"""Maximum texts with a vector in memory."""
_EVENT = "PersonX opens the door"
LOOK_AGAIN_SECONDS = 60.0
"""Time between two searches for events without a vector, in a store with other writers."""


@dataclass(frozen=True, slots=True)
class EmbedderSpec:
    """An embedder: its name, its CPU threads, and the folder of its converted files."""

    embedder: str
    threads: int
    cache: Path


class Retriever:
    """Finds stored events by vector. Its methods raise Unavailable, Overloaded.

    model: the embedder. It counts as loaded once the index is open and every stored event has a vector.
    """

    def __init__(
        self, store: Store, spec: EmbedderSpec, models: Models, *, read_only: bool = False, is_late: bool = False
    ) -> None:
        self.repaired = ""
        self.embedder_info: EmbedderInfo | None = None
        self.events = 0
        self.hits = 0
        self.model: LazyModel[EmbedderInfo] = LazyModel("the index of events", self._open, _log, is_late=is_late)
        models.when_lost(self.model.lost)
        self._store = store
        self._spec = spec
        self._models = models
        self._read_only = read_only
        self._behind = ""
        self._index: VectorIndex | None = None
        self._opened = AsyncExitStack()
        self._writing = asyncio.Lock()
        self._refreshing: asyncio.Task[None] | None = None
        self._is_wanted = False
        self._looking: asyncio.Task[None] | None = None
        self._remembered: OrderedDict[str, Vectors] = OrderedDict()
        self.batcher: Batcher[str, Vectors] = Batcher(
            "embedder", self._embed, size=AT_ONCE, limit=WAITING, patience=0.0, timeout=30.0
        )

    def start(self) -> None:
        """Begin. Needs a running loop."""
        self.batcher.start()
        self.model.start()

    async def close(self) -> None:
        """Stop. Waiting callers get Unavailable."""
        await self.batcher.close()
        tasks = [task for task in (self._looking, self._refreshing) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.model.close()
        await self._opened.aclose()

    @property
    def state(self) -> State:
        """loading, up or failed. It is loading, too, while stored events are known to lack a vector."""
        return "loading" if self._behind and self.model.state == "up" else self.model.state

    @property
    def doing(self) -> str:
        """The step of loading, or the reason of a failure. Empty while it is up."""
        if self.model.state == "up":
            return self._behind
        return self.model.reason if self.model.state == "failed" else self.model.doing

    # --- questions ---

    async def near(
        self, texts: Sequence[str], k: int, *, generated: bool = False, remember: bool = True
    ) -> list[list[Neighbor]]:
        """For each text the `k` nearest stored events.

        generated: include events known only from students.
        remember: keep the vectors of new texts in memory.
        """
        index = await self._ready()
        if not texts:
            return []
        return await index.nearest(await self._vectors(texts, remember=remember), k, generated=generated)

    async def similarities(self, text: str, events: Sequence[str], *, remember: bool = True) -> list[float]:
        """The cosine of a text and each of some events, stored or not."""
        index = await self._ready()
        vectors = await index.vectors(events)
        others = [event for event in dict.fromkeys(events) if event not in vectors]
        [vector, *rest] = await self._vectors([text, *others], remember=remember)
        vectors |= zip(others, rest, strict=True)
        if not events:
            return []
        rows = np.array([vectors[event] for event in events])
        return (rows @ vector / np.linalg.norm(rows, axis=1)).tolist()

    async def ready(self) -> None:
        """Wait for a late index. Raises Unavailable if the index is not up."""
        await self._ready()

    async def _ready(self) -> VectorIndex:
        await self.model.ready()
        if self._behind:
            raise Unavailable(f"the index of events is being made ready ({self._behind})", 5)
        assert self._index is not None
        return self._index

    async def _vectors(self, texts: Sequence[str], *, remember: bool = True) -> Vectors:
        vectors = {text: self._remembered[text] for text in texts if text in self._remembered}
        new = [text for text in dict.fromkeys(texts) if text not in vectors]
        self.hits += len(texts) - len(new)
        if new:
            self.batcher.room_for(len(new))
            vectors |= zip(new, await asyncio.gather(*(self.batcher.ask(text, text) for text in new)), strict=True)
        rows = [vectors[text] for text in texts]
        if not remember:
            return np.array(rows)
        for text, vector in vectors.items():
            self._remembered[text] = vector
            self._remembered.move_to_end(text)
        while len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
        return np.array(rows)

    async def _embed(self, texts: Sequence[str]) -> Sequence[Vectors]:
        return list(await self.model.value.call("embed", list(texts)))

    # --- stored events ---

    async def learn(self, events: Sequence[str]) -> None:
        """Give new events of the store their vectors.

        While the index is loading it finds them itself. If it has failed, the next start does.
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
                self._behind = str(error)
                self.refresh()

    def refresh(self) -> "asyncio.Task[None]":
        """Give every event of the store a vector, in the background."""
        self._is_wanted = True
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._refresh(), name="refresh the index")
        return self._refreshing

    async def _refresh(self) -> None:
        while self._is_wanted:
            self._is_wanted = False
            try:
                await self.model.loaded()
            except Unavailable:
                return  # the model has logged the reason
            try:
                await persistently(self._catch_up, self._wait)
            except Exception as error:  # a background task: nobody else would report the error
                _log.exception("the index of events lacks events")
                self._behind = f"{type(error).__name__}: {error}"

    async def _catch_up(self) -> None:
        await self._complete(self.model.value, silent)
        self._behind = ""

    def _wait(self, error: Exception, pause: float) -> None:
        self._behind = f"{error}; next try in {pause:g} s"
        _log.warning("the index of events: %s", self._behind)

    async def _look_again(self) -> None:
        """Find the events of other writers. They may have stored them without vectors."""
        while True:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            await asyncio.shield(self.refresh())

    # --- loading ---

    async def _open(self, progress: Progress) -> Remote[EmbedderInfo]:
        def report(task: str, done: int, total: int) -> None:
            progress(f"{task}: {done:,} of {total:,}" if total else task, done, total)

        spec = self._spec
        report("loading the embedder", 0, 0)
        embedder = await self._models.open(
            "embedder", model_factories.embedder, spec.embedder, spec.threads, spec.cache, progress=report
        )
        try:
            await self._open_index(embedder.about, report)
            await self._complete(embedder, report)
            if not self.model.is_late:
                await self._warm_up(embedder)
        except BaseException:
            embedder.close()
            raise
        self._behind = ""
        has_other_writers = self._store.changes is None
        if self._looking is None and has_other_writers and not self.model.is_late and not self._read_only:
            self._looking = asyncio.create_task(self._look_again(), name="look for events without a vector")
        return embedder

    async def _open_index(self, info: EmbedderInfo, progress: Progress) -> None:
        self.embedder_info = info
        if self._index is None:
            progress("opening the index", 0, 0)
            index = open_index(self._store, info, read_only=self._read_only)
            self._index = await self._opened.enter_async_context(index)
            self.repaired = self._index.repaired

    async def _warm_up(self, embedder: Remote[EmbedderInfo]) -> None:
        """Search once: the first search reads the index from disk, and no question should wait for that."""
        assert self._index is not None
        await self._index.nearest(np.array(await embedder.call("embed", [_EVENT])), AT_ONCE)

    async def _complete(self, embedder: Remote[EmbedderInfo], progress: Progress) -> None:
        """Embed events without a vector until none is left. For a read-only store: raises Unavailable."""
        assert self._index is not None
        while not self._read_only:
            added = await complete(self._index, _Embedder(embedder), progress)
            if added:
                _log.info("%d events got their vectors", added)
            # The lock ends without a pause before the state is "up", so no event comes in unseen between.
            async with self._writing:
                self.events = await self._index.count()
                if not await self._index.missing():
                    return
        missing = len(await self._index.missing())
        if missing:
            raise Unavailable(f"{missing:,} events of the store have no vector; `{REBUILD}` makes them")
        self.events = await self._index.count()


class _Embedder:
    """An Embedder (schemas/embeddings.py) in the process of the models."""

    def __init__(self, remote: Remote[EmbedderInfo]) -> None:
        self.name, self.version, self.dimension = remote.about.name, remote.about.version, remote.about.dimension
        self._remote = remote

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self._remote.call_and_wait("embed", list(texts))

    def close(self) -> None:
        """The retriever closes the model."""


@asynccontextmanager
async def open_retriever(
    store: Store, spec: EmbedderSpec, models: Models, *, read_only: bool = False, is_late: bool = False
) -> AsyncGenerator[Retriever]:
    """A retriever, loading now or at its first use, closed at the end."""
    retriever = Retriever(store, spec, models, read_only=read_only, is_late=is_late)
    retriever.start()
    try:
        yield retriever
    finally:
        await retriever.close()
