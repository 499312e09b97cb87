"""The student as a part of the service: it loads in the background, then answers in batches."""

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from distill.engines.decoding import Decoding, Method
from distill.engines.engine import ScoredToken
from distill.student.postprocess import GeneratedTails
from distill.student.student import StudentCard, StudentSpec, TailRequest
from schemas.errors import CometgraphError, Unavailable
from schemas.progress import Progress
from schemas.relations import Relation
from service.runtime import model_factories
from service.runtime.batcher import Batcher
from service.runtime.lazy_model import LazyModel
from service.runtime.model_process import Models, Remote

_log = logging.getLogger("cometgraph.student")


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """See the settings of the same names."""

    batch_size: int
    batch_wait_ms: float
    queue_limit: int
    generate_seconds: float


class StudentRuntime:
    """A student that writes for many askers at once.

    student: searches, and samples where its engine can. sampler: samples for a student on a CPU. It imports torch, so
    it has a process of its own, which the first sampled question starts.
    """

    def __init__(self, spec: StudentSpec, patience: BatchLimits, models: Models, *, is_late: bool = False) -> None:
        self._spec = spec
        self._models = models
        self._sampler_models = Models("the sampler", nice=models.nice)
        self.model: LazyModel[StudentCard] = LazyModel("the student", self._open_student, _log, is_late=is_late)
        self.sampler: LazyModel[StudentCard] = LazyModel("the sampler", self._open_sampler, _log, is_late=True)
        models.when_lost(self.model.lost)
        self._sampler_models.when_lost(self.sampler.lost)
        self.out_of_memory = 0
        limits: dict[str, Any] = {
            "size": patience.batch_size,
            "limit": patience.queue_limit,
            "patience": patience.batch_wait_ms / 1000,
            "timeout": patience.generate_seconds,
        }
        self.batcher: Batcher[TailRequest, tuple[GeneratedTails, int]] = Batcher("student", self._write, **limits)
        self.sampler_batcher: Batcher[TailRequest, tuple[GeneratedTails, int]] = Batcher(
            "sampler", self._sample, **limits
        )
        self.scorer: Batcher[tuple[str, Relation, str], list[ScoredToken]] = Batcher("scorer", self._score, **limits)

    def start(self) -> None:
        """Begin; needs a running loop."""
        for batcher in (self.batcher, self.sampler_batcher, self.scorer):
            batcher.start()
        self.model.start()

    async def close(self) -> None:
        """Stop; who waits is told so."""
        for batcher in (self.batcher, self.sampler_batcher, self.scorer):
            await batcher.close()
        await self._sampler_models.close()
        await self.sampler.close()
        await self.model.close()

    @property
    def alive(self) -> bool:
        """False where a worker has ended."""
        return self.batcher.alive and self.sampler_batcher.alive and self.scorer.alive

    async def ready(self, method: Method = "beam") -> StudentCard:
        """The student that draws by a method. Waits where it is late. Raises Unavailable."""
        card = (await self.model.ready()).about
        return card if method in card.placements else (await self.sampler.ready()).about

    def batcher_of(self, method: Method) -> Batcher[TailRequest, tuple[GeneratedTails, int]]:
        """The queue of a method. Raises Unavailable while the student loads."""
        return self.batcher if method in self.model.value.about.placements else self.sampler_batcher

    async def write(
        self, event: str, relation: Relation, decoding: Decoding, seed: int | None, draw: int
    ) -> tuple[GeneratedTails, int]:
        """Tails of one relation, and the seed they were drawn with: `draw` where `seed` is None.

        Who asks the same while it is written shares it. Raises Unavailable, Overloaded, BadInput.
        """
        ask = TailRequest(event, relation, decoding, draw if seed is None else seed)
        key = (event, relation, decoding, seed if decoding.method == "sample" else None)
        written, seed = await self.batcher_of(decoding.method).ask(key, ask)
        if written.applies and not written.tails:
            again = 2 if decoding.method == "sample" else None  # a search gives the same each time
            raise Unavailable(f"the student wrote nothing usable for {relation} of this event", again)
        return written, seed

    async def score(self, event: str, relation: Relation, tail: str) -> list[ScoredToken]:
        """See Student.score. Raises Unavailable, Overloaded, BadInput."""
        (await self.ready()).knows([relation])
        return await self.scorer.ask((event, relation, tail), (event, relation, tail))

    async def _write(self, asks: Sequence[TailRequest]) -> "Sequence[tuple[GeneratedTails, int] | CometgraphError]":
        return await self._written(self.model.value, asks)

    async def _sample(self, asks: Sequence[TailRequest]) -> "Sequence[tuple[GeneratedTails, int] | CometgraphError]":
        return await self._written(await self.sampler.ready(), asks)

    async def _written(
        self, student: Remote[StudentCard], asks: Sequence[TailRequest]
    ) -> "Sequence[tuple[GeneratedTails, int] | CometgraphError]":
        results, out_of_memory = await student.call("write_and_count", list(asks))
        if out_of_memory > self.out_of_memory:
            _log.warning("the GPU's memory was too small for a batch; it was written in halves")
        self.out_of_memory = out_of_memory
        return [r if isinstance(r, CometgraphError) else (r, ask.seed) for r, ask in zip(results, asks, strict=True)]

    async def _score(self, triples: Sequence[tuple[str, Relation, str]]) -> list[list[ScoredToken]]:
        return await self.model.value.call("score", list(triples))

    async def _open_student(self, progress: Progress) -> Remote[StudentCard]:
        return await self._models.open("student", model_factories.student, self._spec, progress=progress)

    async def _open_sampler(self, progress: Progress) -> Remote[StudentCard]:
        return await self._sampler_models.open("sampler", model_factories.sampler, self._spec, progress=progress)


@asynccontextmanager
async def open_student_runtime(
    spec: StudentSpec, patience: BatchLimits, models: Models, *, is_late: bool = False
) -> AsyncGenerator[StudentRuntime]:
    """A student that is loading, or will be; closed at the end."""
    runtime = StudentRuntime(spec, patience, models, is_late=is_late)
    runtime.start()
    try:
        yield runtime
    finally:
        await runtime.close()
