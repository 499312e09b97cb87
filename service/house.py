"""What the service needs to answer, opened and closed together."""

import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from distill.comet import Spec
from graph.loader import Options, load
from graph.store import Neo4jLogin, Store, open_store
from schemas.child import silent
from schemas.errors import Unavailable
from schemas.triples import Triple
from service.batching import Batcher
from service.finding import Finder, Judged, open_finder
from service.generation import Generation, Patience, open_generation
from service.models import NICE, open_models
from service.proposing import Proposed, Proposer, open_proposer
from service.reading import Reader, open_reader
from service.settings import Settings

SAMPLE = Path(__file__).parent.parent / "graph" / "sample.jsonl"


KEPT_AT_ONCE = 64
"""Most relations whose tails are stored in one transaction."""


@dataclass(frozen=True, slots=True)
class House:
    """The parts that answer questions.

    reader: reads natural language. generation: the student, None where none is wanted. proposer: proposes events that
    are like one, finder: judges which of them mean the same; None where that is not wanted. keeper: stores what the
    student writes, None where the store is only read. decoding: how it draws where a question does not say. keeps: the
    setting of that name.
    """

    store: Store
    reader: Reader
    generation: Generation | None = None
    proposer: Proposer | None = None
    finder: Finder | None = None
    keeper: Batcher[Sequence[Triple], None] | None = None
    decoding: str = "beam"
    keeps: bool = True

    async def keep(self, triples: Sequence[Triple]) -> None:
        """Store what the student wrote; returns when it is durable. Raises Unavailable where that cannot be done."""
        if self.keeper is None:
            raise Unavailable("the store is open for reading only")
        await self.keeper.ask(tuple(triples), triples)


@asynccontextmanager
async def open_house(
    settings: Settings, *, read_only: bool = False, create: bool = True, models: Literal["now", "late"] | None = None
) -> AsyncGenerator[House]:
    """Open the store, the index of its events and the student: both are made ready now, or when they are needed first.

    Without `models` neither is opened, else those that the settings want.

    Raises BadInput, StoreUnavailable, StoreLocked.
    """
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(
            open_store(
                settings.store,
                read_only=read_only,
                create=create,
                threads=settings.threads,
                login=login_of(settings),
            )
        )
        is_late = models != "now"
        process = await stack.enter_async_context(open_models("the models", nice=0 if is_late else NICE))
        reader = await stack.enter_async_context(open_reader(process, is_late=is_late))
        proposer = finder = generation = keeper = None
        if models is not None and settings.match:
            proposer = await stack.enter_async_context(
                open_proposer(store, proposed_of(settings), process, read_only=read_only, is_late=is_late)
            )
            finder = await stack.enter_async_context(
                open_finder(judged_of(settings), proposer, process, is_late=is_late)
            )
        if models is not None and settings.generate:
            if not read_only and settings.keep:
                keeper = await stack.enter_async_context(_open_keeper(store, proposer))
            generation = await stack.enter_async_context(
                open_generation(spec_of(settings, is_patient=is_late), _patience(settings), process, is_late=is_late)
            )
        yield House(store, reader, generation, proposer, finder, keeper, settings.decoding, settings.keep)


@asynccontextmanager
async def _open_keeper(store: Store, proposer: Proposer | None) -> AsyncGenerator[Batcher[Sequence[Triple], None]]:
    async def add(written: Sequence[Sequence[Triple]]) -> list[None]:
        triples = [triple for some in written for triple in some]
        await store.add(triples)
        if proposer is not None:
            await proposer.learn([triple.head for triple in triples])
        return [None] * len(written)

    keeper = Batcher("write-back", add, size=KEPT_AT_ONCE, limit=100 * KEPT_AT_ONCE, patience=0.0, timeout=30.0)
    keeper.start()
    try:
        yield keeper
    finally:
        await keeper.close()


def spec_of(settings: Settings, *, is_patient: bool = False) -> Spec:
    """The student that the settings say; is_patient: its server has all the time it takes, unless they say how much."""
    has_limit = not is_patient or "generate_seconds" in settings.model_fields_set
    return Spec(
        student=settings.student,
        prompt_form=settings.prompt_form,
        device=settings.device,
        compute_type=settings.compute_type,
        cache=Path(settings.cache),
        threads=settings.model_threads or os.cpu_count() or 1,
        url=settings.engine_url,
        url_model=settings.engine_model,
        url_key=settings.engine_key.get_secret_value(),
        url_timeout=settings.generate_seconds if has_limit else None,
    )


def proposed_of(settings: Settings) -> Proposed:
    """The embedder that the settings say."""
    return Proposed(settings.embedder, settings.model_threads or os.cpu_count() or 1, Path(settings.cache))


def judged_of(settings: Settings) -> Judged:
    """The judge that the settings say."""
    return Judged(settings.judge, Path(settings.cache), settings.model_threads or os.cpu_count() or 1)


def _patience(settings: Settings) -> Patience:
    return Patience(settings.batch_size, settings.batch_wait_ms, settings.queue_limit, settings.generate_seconds)


def login_of(settings: Settings) -> Neo4jLogin:
    """The Neo4j login that the settings say."""
    return Neo4jLogin(settings.neo4j_user, settings.neo4j_password.get_secret_value(), settings.neo4j_database)


async def load_sample_if_empty(store: Store) -> bool:
    """Load the sample graph into an empty store; False where there is something."""
    if (await store.stats()).events:
        return False
    await load(store, [str(SAMPLE)], Options(), silent)
    return True
