"""The judge as a part of the service: it loads in the background, then judges what the index proposes."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from distill.judge.judge import Candidate, Verdict
from schemas.progress import Progress
from service.runtime import model_factories
from service.runtime.batcher import Batcher
from service.runtime.lazy_model import LazyModel
from service.runtime.model_factories import JudgeCard
from service.runtime.model_process import Models, Remote
from service.runtime.retriever import Retriever

_log = logging.getLogger("cometgraph.judge")
AT_ONCE = 32
"""Most events whose candidates are judged in one batch."""
WAITING = 1024


@dataclass(frozen=True, slots=True)
class JudgeSpec:
    """The judge to use: its name, the folder for what is made of its files, threads on the CPU."""

    judge: str
    cache: Path
    threads: int


class JudgeRuntime:
    """Finds stored events that mean the same as an asked one. Its methods raise Unavailable, Overloaded."""

    def __init__(self, judged: JudgeSpec, retriever: Retriever, models: Models, *, is_late: bool = False) -> None:
        self._judged = judged
        self._retriever = retriever
        self._models = models
        self.model: LazyModel[JudgeCard] = LazyModel("the judge of near-duplicates", self._open, _log, is_late=is_late)
        models.when_lost(self.model.lost)
        self.batcher: Batcher[tuple[str, Sequence[Candidate]], list[Verdict]] = Batcher(
            "judge", self._verdicts, size=AT_ONCE, limit=WAITING, patience=0.0, timeout=30.0
        )

    def start(self) -> None:
        """Begin; needs a running loop."""
        self.batcher.start()
        self.model.start()

    async def close(self) -> None:
        """Stop; who waits is told so."""
        await self.batcher.close()
        await self.model.close()

    async def candidates(
        self, event: str, k: int, by_words: Awaitable[Sequence[str]], *, generated: bool, remember: bool
    ) -> list[Candidate]:
        """The nearest `k` events by vector, and those that share words, each once. See Retriever.near."""
        near = self._retriever.near([event], k, generated=generated, remember=remember)
        [near], worded = await asyncio.gather(near, by_words)
        found = {one.event: one.similarity for one in near}
        more = [text for text in dict.fromkeys(worded) if text not in found]
        if more:
            found |= zip(more, await self._retriever.similarities(event, more, remember=remember), strict=True)
        return [Candidate(text, similarity) for text, similarity in found.items()]

    async def verdicts(self, event: str, candidates: Sequence[Candidate]) -> list[Verdict]:
        """A verdict on each, the likeliest to be the same first."""
        await self.model.ready()
        return await self.batcher.ask((event, tuple(candidates)), (event, candidates))

    async def _verdicts(self, batch: Sequence[tuple[str, Sequence[Candidate]]]) -> list[list[Verdict]]:
        events, candidates = [event for event, _ in batch], [some for _, some in batch]
        return await self.model.value.call("judge", events, candidates)

    async def _open(self, progress: Progress) -> Remote[JudgeCard]:
        judged = self._judged
        return await self._models.open(
            "judge", model_factories.judge, judged.judge, judged.cache, judged.threads, progress=progress
        )


@asynccontextmanager
async def open_judge_runtime(
    judged: JudgeSpec, retriever: Retriever, models: Models, *, is_late: bool = False
) -> AsyncGenerator[JudgeRuntime]:
    """A finder whose judge is loading, or will be; closed at the end."""
    judge = JudgeRuntime(judged, retriever, models, is_late=is_late)
    judge.start()
    try:
        yield judge
    finally:
        await judge.close()
