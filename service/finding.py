"""The judge as a part of the service: it loads in the background, then judges what the index proposes."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from distill.judge.judging import Candidate, Judge, Verdict, open_judge
from schemas.errors import CometgraphError, Unavailable
from service.batching import Batcher
from service.proposing import Proposer

_log = logging.getLogger("cometgraph.judge")
AT_ONCE = 32
"""Most events whose candidates are judged in one batch."""
WAITING = 1024


@dataclass(frozen=True, slots=True)
class Judged:
    """The judge to use: its name, the folder for what is made of its files, threads on the CPU."""

    judge: str
    cache: Path
    threads: int


class Finder:
    """Finds stored events that mean the same as an asked one. Its methods raise Unavailable, Overloaded.

    is_late: the judge is loaded when it is needed first, and who needs it waits; else at once, and who comes too early
    is told so.
    """

    def __init__(self, judged: Judged, proposer: Proposer, *, is_late: bool = False) -> None:
        self.state: Literal["loading", "up", "failed"] = "loading"
        self.reason = ""
        self._proposer = proposer
        self._spec = judged
        self._is_late = is_late
        self._judge: Judge | None = None
        self._thread = ThreadPoolExecutor(1, "judge")
        self._loading: asyncio.Task[None] | None = None
        self.batcher: Batcher[tuple[str, Sequence[Candidate]], list[Verdict]] = Batcher(
            "judge", self._judged, size=AT_ONCE, limit=WAITING, patience=0.0, timeout=30.0
        )

    def start(self) -> None:
        """Begin; needs a running loop."""
        self.batcher.start()
        if not self._is_late:
            self._loading = asyncio.create_task(self._load(), name="load judge")

    async def close(self) -> None:
        """Stop; who waits is told so."""
        await self.batcher.close()
        if self._loading is not None:
            self._loading.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    @property
    def judge(self) -> Judge:
        """The judge. Raises Unavailable while it loads, and where it cannot be loaded."""
        if self._judge is None:
            if self.state == "failed":
                raise Unavailable(f"the judge of near-duplicates cannot be used: {self.reason}", 60)
            raise Unavailable("the judge of near-duplicates is being made ready", 5)
        return self._judge

    async def ready(self) -> Judge:
        """The judge; where it is loaded late, waited for. Raises Unavailable."""
        if self._is_late:
            if self._loading is None:
                self._loading = asyncio.create_task(self._load(), name="load judge")
            await asyncio.shield(self._loading)
        return self.judge

    async def candidates(self, event: str, k: int, worded: Sequence[str]) -> list[Candidate]:
        """The nearest `k` events by vector, and those that share words, each once."""
        [near] = await self._proposer.near([event], k)
        found = {one.event: one.similarity for one in near}
        more = [text for text in dict.fromkeys(worded) if text not in found]
        if more:
            found |= zip(more, await self._proposer.similarities(event, more), strict=True)
        return [Candidate(text, similarity) for text, similarity in found.items()]

    async def verdicts(self, event: str, candidates: Sequence[Candidate]) -> list[Verdict]:
        """A verdict on each, the likeliest to be the same first."""
        await self.ready()
        return await self.batcher.ask((event, tuple(candidates)), (event, candidates))

    async def _judged(self, asked: Sequence[tuple[str, Sequence[Candidate]]]) -> list[list[Verdict]]:
        events, candidates = [event for event, _ in asked], [some for _, some in asked]
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.judge.judge, events, candidates)

    async def _load(self) -> None:
        spec = self._spec
        try:
            loop = asyncio.get_running_loop()
            judge = await loop.run_in_executor(
                self._thread, open_judge, spec.judge, spec.cache, spec.threads, self._told
            )
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
async def open_finder(judged: Judged, proposer: Proposer, *, is_late: bool = False) -> AsyncGenerator[Finder]:
    """A finder whose judge is loading, or will be; closed at the end."""
    finder = Finder(judged, proposer, is_late=is_late)
    finder.start()
    try:
        yield finder
    finally:
        await finder.close()
