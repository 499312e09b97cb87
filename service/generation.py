"""The student as a part of the service: it loads in the background, then answers in batches."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from distill.comet import Ask, Comet, Spec, open_comet
from distill.decoding import Decoding, Method
from distill.engine import ScoredToken
from distill.tails import Written
from schemas.errors import CometgraphError, Unavailable
from schemas.relations import Relation
from service.batching import Batcher
from service.late import Late

_log = logging.getLogger("cometgraph.student")


@dataclass(frozen=True, slots=True)
class Patience:
    """See the settings of the same names."""

    batch_size: int
    batch_wait_ms: float
    queue_limit: int
    generate_seconds: float


class Generation:
    """A student that writes for many askers at once."""

    def __init__(self, spec: Spec, patience: Patience, *, is_late: bool = False) -> None:
        # Two threads of their own: while one loads the sampler, the other already answers.
        self._loader = ThreadPoolExecutor(1, "student-loads")
        self._thread = ThreadPoolExecutor(1, "student")
        self.student: Late[Comet] = Late("the student", partial(open_comet, spec), self._loader, _log, is_late=is_late)
        self.batcher: Batcher[Ask, tuple[Written, int]] = Batcher(
            "student",
            self._write,
            size=patience.batch_size,
            limit=patience.queue_limit,
            patience=patience.batch_wait_ms / 1000,
            timeout=patience.generate_seconds,
        )
        self.scorer: Batcher[tuple[str, Relation, str], list[ScoredToken]] = Batcher(
            "scorer",
            self._score,
            size=patience.batch_size,
            limit=patience.queue_limit,
            patience=patience.batch_wait_ms / 1000,
            timeout=patience.generate_seconds,
        )

    def start(self) -> None:
        """Begin; needs a running loop."""
        self.batcher.start()
        self.scorer.start()
        self.student.start(self._load_rest)

    async def close(self) -> None:
        """Stop; who waits is told so."""
        await self.batcher.close()
        await self.scorer.close()
        comet = self.student.close()
        self._loader.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)
        if comet is not None:
            comet.close()

    @property
    def comet(self) -> Comet:
        """The student. Raises Unavailable while it loads, and where it cannot be loaded."""
        return self.student.value

    async def ready(self, method: Method = "beam") -> Comet:
        """The student; where it is loaded late, waited for, with what the method needs. Raises Unavailable."""
        comet = await self.student.ready()
        if self.student.is_late and method == "sample":
            await self._load_rest(comet)
        return comet

    async def write(
        self, event: str, relation: Relation, decoding: Decoding, seed: int | None, draw: int
    ) -> tuple[Written, int]:
        """Tails of one relation, and the seed they were drawn with: `draw` where `seed` is None.

        Who asks the same while it is written shares it. Raises Unavailable, Overloaded, BadInput.
        """
        ask = Ask(event, relation, decoding, draw if seed is None else seed)
        key = (event, relation, decoding, seed if decoding.method == "sample" else None)
        written, seed = await self.batcher.ask(key, ask)
        if written.applies and not written.tails:
            raise Unavailable(f"the student wrote nothing usable for {relation} of this event")
        return written, seed

    async def score(self, event: str, relation: Relation, tail: str) -> list[ScoredToken]:
        """See Comet.score. Raises Unavailable, Overloaded, BadInput."""
        (await self.ready()).knows([relation])
        return await self.scorer.ask((event, relation, tail), (event, relation, tail))

    async def _write(self, asks: Sequence[Ask]) -> "Sequence[tuple[Written, int] | CometgraphError]":
        comet = self.comet
        before = comet.out_of_memory
        results = await asyncio.get_running_loop().run_in_executor(self._thread, comet.write, asks)
        if comet.out_of_memory > before:
            _log.warning("the GPU's memory was too small for a batch; it was written in halves")
        return [r if isinstance(r, CometgraphError) else (r, a.seed) for r, a in zip(results, asks, strict=True)]

    async def _score(self, asks: Sequence[tuple[str, Relation, str]]) -> Sequence[list[ScoredToken]]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.comet.score, asks)

    async def _load_rest(self, comet: Comet) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._loader, comet.load_rest)
        except Exception as error:  # greedy and beam search go on answering
            _log.exception("what samples cannot be loaded")
            self.student.reason = comet.sampler_failed = f"{type(error).__name__}: {error}"


@asynccontextmanager
async def open_generation(spec: Spec, patience: Patience, *, is_late: bool = False) -> AsyncGenerator[Generation]:
    """A student that is loading, or will be; closed at the end."""
    generation = Generation(spec, patience, is_late=is_late)
    generation.start()
    try:
        yield generation
    finally:
        await generation.close()
