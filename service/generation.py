"""The student as a part of the service: it loads in the background, then answers in batches."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from distill.comet import Ask, Comet, Spec, open_comet
from distill.decoding import Decoding, Method
from distill.engine import ScoredToken
from distill.tails import Written
from schemas.errors import CometgraphError, Unavailable
from schemas.relations import Relation
from service.batching import Batcher

_log = logging.getLogger("cometgraph.student")
State = Literal["loading", "up", "failed"]


@dataclass(frozen=True, slots=True)
class Patience:
    """See the settings of the same names."""

    batch_size: int
    batch_wait_ms: float
    queue_limit: int
    generate_seconds: float


class Generation:
    """A student that writes for many askers at once.

    is_late: it is loaded when it is needed first, and who needs it waits; else at once, and who comes too early is
    told so.
    """

    def __init__(self, spec: Spec, patience: Patience, *, is_late: bool = False) -> None:
        self._is_late = is_late
        self.state: State = "loading"
        self.doing = "starting"
        self.reason = ""
        self._spec = spec
        self._comet: Comet | None = None
        # Two threads of their own: while one loads the sampler, the other already answers.
        self._loader = ThreadPoolExecutor(1, "student-loads")
        self._thread = ThreadPoolExecutor(1, "student")
        self._loading: asyncio.Task[None] | None = None
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
        if not self._is_late:
            self._loading = asyncio.create_task(self._load(), name="load student")

    async def close(self) -> None:
        """Stop; who waits is told so."""
        await self.batcher.close()
        await self.scorer.close()
        if self._loading is not None:
            self._loading.cancel()
        self._loader.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)
        if self._comet is not None:
            self._comet.close()

    @property
    def comet(self) -> Comet:
        """The student. Raises Unavailable while it loads, and where it cannot be loaded."""
        if self._comet is None:
            if self.state == "failed":
                raise Unavailable(f"the student cannot be used: {self.reason}", 60)
            raise Unavailable(f"the student is being made ready ({self.doing})", 5)
        return self._comet

    async def ready(self, method: Method = "beam") -> Comet:
        """The student; where it is loaded late, waited for, with what the method needs. Raises Unavailable."""
        if self._is_late:
            if self._loading is None:
                self._loading = asyncio.create_task(self._load(), name="load student")
            await asyncio.shield(self._loading)
            if method == "sample":
                await self._load_rest(self.comet)
        return self.comet

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

    async def _load(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            comet = await loop.run_in_executor(self._loader, open_comet, self._spec, self._told)
        except CometgraphError as error:
            self._failed(str(error))
            return
        except Exception as error:  # whatever a model's files can do, the graph goes on answering
            _log.exception("the student cannot be loaded")
            self._failed(f"{type(error).__name__}: {error}")
            return
        self._comet = comet
        self.state = "up"
        _log.info("the student %s (%s) is up", comet.name, comet.version)
        if not self._is_late:
            await self._load_rest(comet)

    async def _load_rest(self, comet: Comet) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._loader, comet.load_rest)
        except Exception as error:  # greedy and beam search go on answering
            _log.exception("what samples cannot be loaded")
            self.reason = comet.sampler_failed = f"{type(error).__name__}: {error}"

    def _failed(self, reason: str) -> None:
        _log.error("the student cannot be used: %s", reason)
        self.state, self.reason = "failed", reason

    def _told(self, what: str, _done: int, _total: int) -> None:
        if what != self.doing:
            _log.info("student: %s", what)
        self.doing = what


@asynccontextmanager
async def open_generation(spec: Spec, patience: Patience, *, is_late: bool = False) -> AsyncGenerator[Generation]:
    """A student that is loading, or will be; closed at the end."""
    generation = Generation(spec, patience, is_late=is_late)
    generation.start()
    try:
        yield generation
    finally:
        await generation.close()
