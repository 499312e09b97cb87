"""The critic as a part of the service: it loads in the background, then scores tails in batches.

All relations of a batch of the student come here at the same time, so they make one batch of the critic.
"""

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import CometgraphError, Unavailable
from schemas.progress import Progress
from schemas.relations import Relation
from service.runtime import model_factories
from service.runtime.batcher import Batcher
from service.runtime.lazy_model import LazyModel
from service.runtime.model_factories import CriticCard
from service.runtime.model_process import Models, Remote

_log = logging.getLogger("cometgraph.critic")
AT_ONCE = 64
"""Maximum batch size, in relations of events with their tails."""
WAITING = 1024
"""Maximum queue length, in relations of events."""

_Tails = tuple[str, Relation, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class CriticSpec:
    """The critic to use.

    critic: name.
    cache: folder of converted files.
    threads: threads on the CPU.
    """

    critic: str
    cache: Path
    threads: int


class CriticRuntime:
    """Scores for many callers at once."""

    def __init__(self, spec: CriticSpec, models: Models, *, is_late: bool = False) -> None:
        self._spec = spec
        self._models = models
        self.model: LazyModel[CriticCard] = LazyModel("the critic", self._open, _log, is_late=is_late)
        models.when_lost(self.model.lost)
        self.batcher: Batcher[_Tails, list[float]] = Batcher(
            "critic", self._score, size=AT_ONCE, limit=WAITING, patience=0.0, timeout=30.0
        )

    def start(self) -> None:
        """Begin. Needs a running loop."""
        self.batcher.start()
        self.model.start()

    async def close(self) -> None:
        """Stop. Waiting callers get Unavailable."""
        await self.batcher.close()
        await self.model.close()

    async def p_valid(self, event: str, relation: Relation, tails: Sequence[str]) -> tuple[list[float], CriticCard]:
        """The score of each tail of a student, and the critic. Raises Unavailable, Overloaded."""
        critic = (await self.model.ready()).about
        item = (event, relation, tuple(tails))
        try:
            return await self.batcher.ask(item, item), critic
        except CometgraphError:
            raise
        except Exception as error:  # whatever the model raises, the tails are an answer without scores
            _log.exception("the critic failed")
            raise Unavailable(f"the critic failed ({type(error).__name__}: {error})") from error

    async def _score(self, batch: Sequence[_Tails]) -> list[list[float]]:
        triples = [(event, relation, tail) for event, relation, tails in batch for tail in tails]
        scores = iter((await self.model.value.call("p_valid", triples, "student")).tolist())
        return [[next(scores) for _ in tails] for _, _, tails in batch]

    async def _open(self, progress: Progress) -> Remote[CriticCard]:
        spec = self._spec
        return await self._models.open(
            "critic", model_factories.critic, spec.critic, spec.cache, spec.threads, progress=progress
        )


@asynccontextmanager
async def open_critic_runtime(
    spec: CriticSpec, models: Models, *, is_late: bool = False
) -> AsyncGenerator[CriticRuntime]:
    """A critic that loads now, or late. It is closed at the end."""
    critic = CriticRuntime(spec, models, is_late=is_late)
    critic.start()
    try:
        yield critic
    finally:
        await critic.close()
