"""The student of a service: it loads in the background, then answers in batches."""

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
    """A student for many callers at once.

    model: searches, and samples if its engine can.
    sampler: samples for a student on a CPU. It imports torch, so it has a process of its own, started by the first
    sampled question.
    """

    def __init__(self, spec: StudentSpec, limits: BatchLimits, models: Models, *, is_late: bool = False) -> None:
        self._spec = spec
        self._models = models
        self._sampler_models = Models("the sampler", nice=models.nice)
        self.model: LazyModel[StudentCard] = LazyModel("the student", self._open_student, _log, is_late=is_late)
        self.sampler: LazyModel[StudentCard] = LazyModel("the sampler", self._open_sampler, _log, is_late=True)
        models.when_lost(self.model.lost)
        self._sampler_models.when_lost(self.sampler.lost)
        self.out_of_memory = 0
        options: dict[str, Any] = {
            "size": limits.batch_size,
            "limit": limits.queue_limit,
            "patience": limits.batch_wait_ms / 1000,
            "timeout": limits.generate_seconds,
        }
        self.batcher: Batcher[TailRequest, tuple[GeneratedTails, int]] = Batcher("student", self._write, **options)
        self.sampler_batcher: Batcher[TailRequest, tuple[GeneratedTails, int]] = Batcher(
            "sampler", self._sample, **options
        )
        self.scorer: Batcher[tuple[str, Relation, str], list[ScoredToken]] = Batcher("scorer", self._score, **options)

    def start(self) -> None:
        """Begin. Needs a running loop."""
        for batcher in (self.batcher, self.sampler_batcher, self.scorer):
            batcher.start()
        self.model.start()

    async def close(self) -> None:
        """Stop. Waiting callers get Unavailable."""
        for batcher in (self.batcher, self.sampler_batcher, self.scorer):
            await batcher.close()
        await self._sampler_models.close()
        await self.sampler.close()
        await self.model.close()

    @property
    def alive(self) -> bool:
        """False after the end of a worker."""
        return self.batcher.alive and self.sampler_batcher.alive and self.scorer.alive

    async def ready(self, method: Method = "beam") -> StudentCard:
        """The student for a method. Waits for a late one. Raises Unavailable."""
        card = (await self.model.ready()).about
        return card if method in card.placements else (await self.sampler.ready()).about

    def batcher_of(self, method: Method) -> Batcher[TailRequest, tuple[GeneratedTails, int]]:
        """The queue of a method. Raises Unavailable while the student loads."""
        return self.batcher if method in self.model.value.about.placements else self.sampler_batcher

    async def write(
        self, event: str, relation: Relation, decoding: Decoding, seed: int | None, draw: int
    ) -> tuple[GeneratedTails, int]:
        """Tails of one relation, and the seed of their draw: `draw` for a `seed` of None.

        Equal requests at the same time share one result. Raises Unavailable, Overloaded, BadInput.
        """
        request = TailRequest(event, relation, decoding, draw if seed is None else seed)
        key = (event, relation, decoding, seed if decoding.method == "sample" else None)
        result, seed = await self.batcher_of(decoding.method).ask(key, request)
        if result.applies and not result.tails:
            again = 2 if decoding.method == "sample" else None  # a search gives the same each time
            raise Unavailable(f"the student wrote nothing usable for {relation} of this event", again)
        return result, seed

    async def score(self, event: str, relation: Relation, tail: str) -> list[ScoredToken]:
        """See Student.score. Raises Unavailable, Overloaded, BadInput."""
        (await self.ready()).knows([relation])
        return await self.scorer.ask((event, relation, tail), (event, relation, tail))

    async def _write(self, requests: Sequence[TailRequest]) -> "Sequence[tuple[GeneratedTails, int] | CometgraphError]":
        return await self._written(self.model.value, requests)

    async def _sample(
        self, requests: Sequence[TailRequest]
    ) -> "Sequence[tuple[GeneratedTails, int] | CometgraphError]":
        return await self._written(await self.sampler.ready(), requests)

    async def _written(
        self, student: Remote[StudentCard], requests: Sequence[TailRequest]
    ) -> "Sequence[tuple[GeneratedTails, int] | CometgraphError]":
        results, out_of_memory = await student.call("write_and_count", list(requests))
        if out_of_memory > self.out_of_memory:
            _log.warning("the GPU's memory was too small for a batch; it was written in halves")
        self.out_of_memory = out_of_memory
        return [
            r if isinstance(r, CometgraphError) else (r, request.seed)
            for r, request in zip(results, requests, strict=True)
        ]

    async def _score(self, triples: Sequence[tuple[str, Relation, str]]) -> list[list[ScoredToken]]:
        return await self.model.value.call("score", list(triples))

    async def _open_student(self, progress: Progress) -> Remote[StudentCard]:
        return await self._models.open("student", model_factories.student, self._spec, progress=progress)

    async def _open_sampler(self, progress: Progress) -> Remote[StudentCard]:
        return await self._sampler_models.open("sampler", model_factories.sampler, self._spec, progress=progress)


@asynccontextmanager
async def open_student_runtime(
    spec: StudentSpec, limits: BatchLimits, models: Models, *, is_late: bool = False
) -> AsyncGenerator[StudentRuntime]:
    """A student, loading now or at its first use, closed at the end."""
    runtime = StudentRuntime(spec, limits, models, is_late=is_late)
    runtime.start()
    try:
        yield runtime
    finally:
        await runtime.close()
