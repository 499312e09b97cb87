"""The judge as a part of the service: it loads in the background, then judges what the index proposes."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, Protocol

from distill.judge.judging import Candidate, Judge, Verdict, open_judge
from schemas.errors import CometgraphError, Unavailable
from service.batching import Batcher

_log = logging.getLogger("cometgraph.judge")
AT_ONCE = 32
"""Most events whose candidates are judged in one batch."""


class Near(Protocol):
    """A stored event and the cosine of its vector and the asked one's."""

    event: str
    similarity: float


class Proposing(Protocol):
    """What proposes candidates by vector. Raises Unavailable while it cannot."""

    async def near(self, texts: Sequence[str], k: int) -> "Sequence[Sequence[Near]]":
        """For each text at most `k` stored events, the most alike first."""
        ...

    async def similarities(self, text: str, events: Sequence[str]) -> "Sequence[float]":
        """The cosine of the vectors of a text and of each of some stored events."""
        ...


class Finder:
    """Finds stored events that mean the same as an asked one. Its methods raise Unavailable, Overloaded."""

    def __init__(self, name: str, cache: Path, threads: int, proposing: Proposing) -> None:
        self.proposing = proposing
        self.state: Literal["loading", "up", "failed"] = "loading"
        self.reason = ""
        self._spec = (name, cache, threads)
        self._judge: Judge | None = None
        self._thread = ThreadPoolExecutor(1, "judge")
        self._loading: asyncio.Task[None] | None = None
        self.batcher: Batcher[tuple[str, Sequence[Candidate]], list[Verdict]] = Batcher(
            "judge", self._judged, size=AT_ONCE, limit=1024, patience=0.0, timeout=10.0
        )

    def start(self) -> None:
        """Begin to load; needs a running loop."""
        self.batcher.start()
        self._loading = asyncio.create_task(self._load(), name="load judge")

    async def close(self) -> None:
        """Stop; who waits is told so."""
        await self.batcher.close()
        if self._loading is not None:
            self._loading.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    @property
    def judge_loaded(self) -> Judge:
        """The judge. Raises Unavailable while it loads, and where it cannot be loaded."""
        if self._judge is None:
            if self.state == "failed":
                raise Unavailable(f"the judge of near-duplicates cannot be used: {self.reason}", 60)
            raise Unavailable("the judge of near-duplicates is being made ready", 3)
        return self._judge

    @property
    def threshold(self) -> float:
        """Least confidence for "the same"."""
        return self.judge_loaded.threshold

    async def ready(self) -> None:
        """Wait until the judge is loaded, or cannot be."""
        if self._loading is not None:
            await asyncio.shield(self._loading)

    async def candidates(self, event: str, k: int, worded: Sequence[str]) -> list[Candidate]:
        """The nearest `k` events by vector and those that share words, each once."""
        [near] = await self.proposing.near([event], k)
        found = {one.event: one.similarity for one in near}
        more = [text for text in dict.fromkeys(worded) if text not in found]
        if more:
            found |= zip(more, await self.proposing.similarities(event, more), strict=True)
        return [Candidate(text, similarity) for text, similarity in found.items()]

    async def judge(self, event: str, candidates: Sequence[Candidate]) -> list[Verdict]:
        """A verdict on each, the likeliest to be the same first."""
        assert self.judge_loaded
        return await self.batcher.ask((event, tuple(candidates)), (event, candidates))

    async def _judged(self, asked: Sequence[tuple[str, Sequence[Candidate]]]) -> list[list[Verdict]]:
        events, candidates = [event for event, _ in asked], [some for _, some in asked]
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self.judge_loaded.judge, events, candidates
        )

    async def _load(self) -> None:
        name, cache, threads = self._spec
        try:
            loop = asyncio.get_running_loop()
            judge = await loop.run_in_executor(self._thread, open_judge, name, cache, threads, self._told)
        except CometgraphError as error:
            self._failed(str(error))
        except Exception as error:  # whatever a model's files can do, the graph goes on answering
            _log.exception("the judge cannot be loaded")
            self._failed(f"{type(error).__name__}: {error}")
        else:
            self._judge, self.state = judge, "up"
            _log.info("the judge %s (%s) is up", judge.name, judge.version)

    def _failed(self, reason: str) -> None:
        _log.error("the judge of near-duplicates cannot be used: %s", reason)
        self.state, self.reason = "failed", reason

    def _told(self, what: str, _done: int, _total: int) -> None:
        _log.info("judge: %s", what)


@asynccontextmanager
async def open_finder(name: str, cache: Path, threads: int, proposing: Proposing) -> AsyncGenerator[Finder]:
    """A finder whose judge is loading; closed at the end."""
    finder = Finder(name, cache, threads, proposing)
    finder.start()
    try:
        yield finder
    finally:
        await finder.close()
