"""What the service needs to answer, opened and closed together."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from graph.stores.connect import open_store
from graph.stores.protocol import Store
from schemas.errors import StoreLocked, Unavailable
from schemas.triples import Triple
from service.runtime.batcher import Batcher
from service.runtime.judge import Finder, open_finder
from service.runtime.model_process import NICE, open_models
from service.runtime.normalizer import Reader, open_reader
from service.runtime.retriever import Proposer, open_proposer
from service.runtime.specs import batch_limits_of, judged_of, login_of, proposed_of, spec_of
from service.runtime.student import Generation, open_generation
from service.runtime.write_back import open_write_back
from service.settings import Settings


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
                keeper = await stack.enter_async_context(open_write_back(store, proposer))
            generation = await stack.enter_async_context(
                open_generation(
                    spec_of(settings, is_patient=is_late), batch_limits_of(settings), process, is_late=is_late
                )
            )
        yield House(store, reader, generation, proposer, finder, keeper, settings.decoding, settings.keep)


@asynccontextmanager
async def open_for_command(settings: Settings) -> AsyncGenerator[House]:
    """The parts, the student late; what it writes is stored, unless another process has the store open for writing."""
    reads = not (settings.generate and settings.keep)
    try:
        async with open_house(settings, read_only=reads, create=False, models="late") as house:
            yield house
    except StoreLocked:
        async with open_house(settings, read_only=True, models="late") as house:
            yield house
