"""What /ready, /info and `cometgraph stats` tell."""

import asyncio
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import cometgraph
from distill.engines.engine import Placement
from graph.stores.protocol import Search, Stats
from schemas.errors import StoreUnavailable, Unavailable
from schemas.relations import Relation
from service.runtime.resources import Resources
from service.settings import Settings

READY_SECONDS = 2.0
"""Time limit of the store in a readiness check."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Each part that answers need: "ok", or "off" for one that nobody wants. Else it is a 503 instead."""

    store: str
    student: str
    index: str
    judge: str


@dataclass(frozen=True, slots=True)
class StudentInfo:
    """The student: what it is, where it computes, how much waits for it.

    state: off, loading, up or failed; doing: what it is doing while it loads, or why it failed. placements: one for
    each engine (greedy and beam search may use another than sampling). waiting: relations of events in the queue.
    """

    state: str
    doing: str | None = None
    name: str | None = None
    version: str | None = None
    prompt_form: str | None = None
    relations: list[Relation] = field(default_factory=list[Relation])
    placements: list[Placement] = field(default_factory=list[Placement])
    decoding: str | None = None
    waiting: int = 0
    queue_limit: int = 0


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """The index of events: which embedder made their vectors, and how many have one.

    state: off, loading, up or failed; doing: what it is doing, or why it failed. repaired: what was wrong with its
    files when it was opened, and is mended.
    """

    state: str
    doing: str | None = None
    repaired: str | None = None
    embedder: str | None = None
    version: str | None = None
    dimension: int | None = None
    events: int | None = None


@dataclass(frozen=True, slots=True)
class JudgeInfo:
    """The judge of near-duplicates: which one, how sure it has to be, and how many events wait for it.

    state: off, loading, up or failed; doing: why it failed.
    """

    state: str
    doing: str | None = None
    name: str | None = None
    version: str | None = None
    threshold: float | None = None
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Info:
    """What runs here."""

    version: str
    store: str
    events: int
    inferences: int
    triples: int
    triples_by_relation: dict[Relation, int]
    not_applicable: int
    rate_limit: str | None
    max_body_bytes: int
    keys_required: bool
    student: StudentInfo
    index: IndexInfo
    judge: JudgeInfo


async def ready_of(resources: Resources) -> Ready:
    """Ask every part. Raises Unavailable with the name of the part, for a silent store after READY_SECONDS."""
    try:
        # A probe gives up sooner than the retries of a query.
        async with asyncio.timeout(READY_SECONDS):
            await resources.store.events(Search(1))
    except TimeoutError:
        raise StoreUnavailable(f"the graph store has not answered within {READY_SECONDS:g} s") from None
    if not resources.normalizer.parser.is_late:
        _ = resources.normalizer.parser.value
    if resources.retriever is not None:
        await resources.retriever.ready()
        if not resources.retriever.batcher.alive:
            raise Unavailable("the embedder's worker has ended")
    if resources.judge is not None:
        await resources.judge.model.ready()
        if not resources.judge.batcher.alive:
            raise Unavailable("the judge's worker has ended")
    if resources.student is not None:
        await resources.student.ready()
        if not resources.student.alive:
            raise Unavailable("the student's worker has ended")
    return Ready(
        store="ok",
        student="off" if resources.student is None else "ok",
        index="off" if resources.retriever is None else "ok",
        judge="off" if resources.judge is None else "ok",
    )


def student_of(resources: Resources) -> StudentInfo:
    """What there is to say of the student now."""
    runtime = resources.student
    if runtime is None:
        return StudentInfo("off")
    student = runtime.model
    said = StudentInfo(
        student.state,
        doing=student.doing if student.state == "loading" else student.reason or None,
        decoding=resources.decoding,
        waiting=runtime.batcher.depth + runtime.sampler_batcher.depth,
        queue_limit=runtime.batcher.limit,
    )
    if student.state != "up":
        return said
    card = student.value.about
    placements = dict(card.placements)
    if runtime.sampler.state == "up":
        placements |= runtime.sampler.value.about.placements
    return replace(
        said,
        name=card.name,
        version=card.version,
        prompt_form=card.form.name,
        relations=list(card.relations),
        placements=list(dict.fromkeys(placements.values())),
    )


def index_of(resources: Resources) -> IndexInfo:
    """What there is to say of the index of events now."""
    retriever = resources.retriever
    if retriever is None:
        return IndexInfo("off")
    made = retriever.made
    return IndexInfo(
        retriever.state,
        doing=retriever.doing or None,
        repaired=retriever.repaired or None,
        embedder=made and made.name,
        version=made and made.version,
        dimension=made and made.dimension,
        events=retriever.events if retriever.state == "up" else None,
    )


def judge_of(resources: Resources) -> JudgeInfo:
    """What there is to say of the judge of near-duplicates now."""
    judge = resources.judge
    if judge is None:
        return JudgeInfo("off")
    said = JudgeInfo(judge.model.state, doing=judge.model.reason or None, waiting=judge.batcher.depth)
    if judge.model.state != "up":
        return said
    judge = judge.model.value.about
    return replace(said, name=judge.name, version=judge.version, threshold=judge.threshold)


async def info_of(resources: Resources, settings: Settings) -> Info:
    """Count what there is. Raises Unavailable."""
    stats: Stats = await resources.store.stats()
    return Info(
        version=cometgraph.__version__,
        store=_without_login(resources.store.address),
        events=stats.events,
        inferences=stats.inferences,
        triples=sum(stats.triples.values()),
        triples_by_relation=stats.triples,
        not_applicable=stats.not_applicable,
        rate_limit=settings.rate_limit or None,
        max_body_bytes=settings.max_body_bytes,
        keys_required=bool(settings.api_keys.get_secret_value()),
        student=student_of(resources),
        index=index_of(resources),
        judge=judge_of(resources),
    )


def _without_login(address: str) -> str:
    """The address without a user or password that somebody put in it."""
    if "://" not in address:
        return address
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
