"""The judge as a part of the service: it loads in the background, then judges candidates in batches."""

import logging
from collections.abc import AsyncGenerator, Sequence
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

_log = logging.getLogger("cometgraph.judge")
AT_ONCE = 32
"""Maximum batch size, in events with their candidates."""
WAITING = 1024
"""Maximum queue length, in events."""


@dataclass(frozen=True, slots=True)
class JudgeSpec:
    """The judge to use.

    judge: name.
    cache: folder of converted files.
    threads: threads on the CPU.
    """

    judge: str
    cache: Path
    threads: int


class JudgeRuntime:
    """Judges for many callers at once. Its methods raise Unavailable, Overloaded."""

    def __init__(self, spec: JudgeSpec, models: Models, *, is_late: bool = False) -> None:
        self._spec = spec
        self._models = models
        self.model: LazyModel[JudgeCard] = LazyModel("the judge of near-duplicates", self._open, _log, is_late=is_late)
        models.when_lost(self.model.lost)
        self.batcher: Batcher[tuple[str, Sequence[Candidate]], list[Verdict]] = Batcher(
            "judge", self._verdicts, size=AT_ONCE, limit=WAITING, patience=0.0, timeout=30.0
        )

    def start(self) -> None:
        """Begin. Needs a running loop."""
        self.batcher.start()
        self.model.start()

    async def close(self) -> None:
        """Stop. Waiting callers get Unavailable."""
        await self.batcher.close()
        await self.model.close()

    async def verdicts(self, event: str, candidates: Sequence[Candidate]) -> list[Verdict]:
        """A verdict on each candidate of an event, the likeliest to be the same first."""
        await self.model.ready()
        return await self.batcher.ask((event, tuple(candidates)), (event, candidates))

    async def _verdicts(self, batch: Sequence[tuple[str, Sequence[Candidate]]]) -> list[list[Verdict]]:
        events, candidates = [event for event, _ in batch], [part for _, part in batch]
        return await self.model.value.call("judge", events, candidates)

    async def _open(self, progress: Progress) -> Remote[JudgeCard]:
        spec = self._spec
        return await self._models.open(
            "judge", model_factories.judge, spec.judge, spec.cache, spec.threads, progress=progress
        )


@asynccontextmanager
async def open_judge_runtime(spec: JudgeSpec, models: Models, *, is_late: bool = False) -> AsyncGenerator[JudgeRuntime]:
    """A judge that loads now, or late. It is closed at the end."""
    judge = JudgeRuntime(spec, models, is_late=is_late)
    judge.start()
    try:
        yield judge
    finally:
        await judge.close()
