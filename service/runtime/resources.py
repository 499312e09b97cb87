"""The parts of a service or a command, opened and closed together."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from graph.query.request import QueryLimits
from graph.stores.connect import open_store
from graph.stores.protocol import Store
from schemas.errors import StoreLocked, Unavailable
from schemas.triples import Triple
from service.runtime.batcher import Batcher
from service.runtime.critic import CriticRuntime, open_critic_runtime
from service.runtime.judge import JudgeRuntime, open_judge_runtime
from service.runtime.model_process import NICE, open_models
from service.runtime.normalizer import Normalizer, open_normalizer
from service.runtime.retriever import Retriever, open_retriever
from service.runtime.specs import (
    batch_limits_of,
    critic_spec_of,
    embedder_spec_of,
    judge_spec_of,
    login_of,
    query_limits_of,
    student_spec_of,
)
from service.runtime.student import StudentRuntime, open_student_runtime
from service.runtime.write_back import open_write_back
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Resources:
    """The parts of an answer.

    retriever and judge: None without matching. student: None without generation. critic: None without either of
    generation and a critic.
    """

    store: Store
    normalizer: Normalizer
    student: StudentRuntime | None = None
    retriever: Retriever | None = None
    judge: JudgeRuntime | None = None
    critic: CriticRuntime | None = None
    write_back: Batcher[Sequence[Triple], None] | None = None
    """Stores generated triples. None for a store that is open for reading only."""
    decoding: str = "beam"
    """The decoding preset of questions without one."""
    keeps: bool = True
    """The setting `keep`."""
    queries: QueryLimits | None = None
    """The limits of Cypher queries. None without Cypher."""

    async def keep(self, triples: Sequence[Triple]) -> None:
        """Store generated triples. Returns once they are durable. Raises Unavailable."""
        if self.write_back is None:
            raise Unavailable("the store is open for reading only")
        await self.write_back.ask(tuple(triples), triples)


@asynccontextmanager
async def open_resources(
    settings: Settings, *, read_only: bool = False, create: bool = True, models: Literal["now", "late"] | None = None
) -> AsyncGenerator[Resources]:
    """Open the store and the models.

    models: "now" loads them in the background, "late" on first use, None opens none.

    Raises BadInput, StoreUnavailable, StoreLocked.
    """
    async with AsyncExitStack() as stack:
        is_late = models != "now"
        queries = query_limits_of(settings, ahead=not is_late)
        store = await stack.enter_async_context(
            open_store(
                settings.store,
                read_only=read_only,
                create=create,
                threads=settings.threads,
                login=login_of(settings),
                queries=queries,
                min_link=settings.min_link,
            )
        )
        process = await stack.enter_async_context(open_models("the models", nice=0 if is_late else NICE))
        normalizer = await stack.enter_async_context(open_normalizer(process, is_late=is_late))
        retriever = judge = critic = student = write_back = None
        if models is not None and settings.match:
            retriever = await stack.enter_async_context(
                open_retriever(store, embedder_spec_of(settings), process, read_only=read_only, is_late=is_late)
            )
            judge = await stack.enter_async_context(
                open_judge_runtime(judge_spec_of(settings), process, is_late=is_late)
            )
        if models is not None and settings.generate:
            if not read_only and settings.keep:
                write_back = await stack.enter_async_context(open_write_back(store, retriever))
            if not settings.no_critic:
                # Models load in this order. So a student that is up has its critic, or a critic that failed.
                critic = await stack.enter_async_context(
                    open_critic_runtime(critic_spec_of(settings), process, is_late=is_late)
                )
            student = await stack.enter_async_context(
                open_student_runtime(
                    student_spec_of(settings, is_patient=is_late), batch_limits_of(settings), process, is_late=is_late
                )
            )
        yield Resources(
            store,
            normalizer,
            student,
            retriever,
            judge,
            critic,
            write_back,
            settings.decoding,
            settings.keep,
            queries if settings.cypher else None,
        )


@asynccontextmanager
async def open_for_command(settings: Settings) -> AsyncGenerator[Resources]:
    """The parts of a command. Models load on first use.

    Generated triples are stored, unless another process has the store open for writing.
    """
    reads = not (settings.generate and settings.keep)
    try:
        async with open_resources(settings, read_only=reads, create=False, models="late") as resources:
            yield resources
    except StoreLocked:
        async with open_resources(settings, read_only=True, models="late") as resources:
            yield resources
