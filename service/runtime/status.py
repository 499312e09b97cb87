"""The bodies of /ready, /info and `cometgraph stats`."""

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
    """Each part: "ok", or "off" by the settings. A part with a fault makes the answer a 503."""

    store: str
    student: str
    index: str
    judge: str
    critic: str


@dataclass(frozen=True, slots=True)
class StudentInfo:
    """The student.

    state: off, loading, up or failed.
    doing: the step of loading, or the reason of a failure.
    placements: one for each engine. Greedy and beam search may use another engine than sampling.
    waiting: (event, relation) pairs in the queue.
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
    """The index of events, and its embedder.

    state: off, loading, up or failed.
    doing: the step of loading, or the reason of a failure.
    repaired: damage of its files, mended when it was opened.
    events: events with a vector.
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
    """The judge of near-duplicates.

    state: off, loading, up or failed.
    doing: the reason of a failure.
    threshold: its least confidence for "the same".
    waiting: events in the queue.
    """

    state: str
    doing: str | None = None
    name: str | None = None
    version: str | None = None
    threshold: float | None = None
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class CriticInfo:
    """The critic of generated inferences.

    state: off, loading, up or failed.
    doing: the step of loading, or the reason of a failure.
    waiting: relations of events in the queue.
    """

    state: str
    doing: str | None = None
    name: str | None = None
    version: str | None = None
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Info:
    """Version, store, limits and models of this service.

    unknown_relations: stored edges by relation, for relations without a file here. They are not served.
    """

    version: str
    store: str
    events: int
    inferences: int
    triples: int
    triples_by_relation: dict[Relation, int]
    not_applicable: int
    unknown_relations: dict[str, int]
    rate_limit: str | None
    max_body_bytes: int
    keys_required: bool
    student: StudentInfo
    index: IndexInfo
    judge: JudgeInfo
    critic: CriticInfo


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
    if resources.critic is not None:
        await resources.critic.model.ready()
        if not resources.critic.batcher.alive:
            raise Unavailable("the critic's worker has ended")
    if resources.student is not None:
        await resources.student.ready()
        if not resources.student.alive:
            raise Unavailable("the student's worker has ended")
    return Ready(
        store="ok",
        student="off" if resources.student is None else "ok",
        index="off" if resources.retriever is None else "ok",
        judge="off" if resources.judge is None else "ok",
        critic="off" if resources.critic is None else "ok",
    )


def student_of(resources: Resources) -> StudentInfo:
    """The present state of the student."""
    runtime = resources.student
    if runtime is None:
        return StudentInfo("off")
    student = runtime.model
    info = StudentInfo(
        student.state,
        doing=student.doing if student.state == "loading" else student.reason or None,
        decoding=resources.decoding,
        waiting=runtime.batcher.depth + runtime.sampler_batcher.depth,
        queue_limit=runtime.batcher.limit,
    )
    if student.state != "up":
        return info
    card = student.value.about
    placements = dict(card.placements)
    if runtime.sampler.state == "up":
        placements |= runtime.sampler.value.about.placements
    return replace(
        info,
        name=card.name,
        version=card.version,
        prompt_form=card.form.name,
        relations=list(card.relations),
        placements=list(dict.fromkeys(placements.values())),
    )


def index_of(resources: Resources) -> IndexInfo:
    """The present state of the index of events."""
    retriever = resources.retriever
    if retriever is None:
        return IndexInfo("off")
    embedder = retriever.embedder_info
    return IndexInfo(
        retriever.state,
        doing=retriever.doing or None,
        repaired=retriever.repaired or None,
        embedder=embedder and embedder.name,
        version=embedder and embedder.version,
        dimension=embedder and embedder.dimension,
        events=retriever.events if retriever.state == "up" else None,
    )


def judge_of(resources: Resources) -> JudgeInfo:
    """The present state of the judge."""
    judge = resources.judge
    if judge is None:
        return JudgeInfo("off")
    info = JudgeInfo(judge.model.state, doing=judge.model.reason or None, waiting=judge.batcher.depth)
    if judge.model.state != "up":
        return info
    card = judge.model.value.about
    return replace(info, name=card.name, version=card.version, threshold=card.threshold)


def critic_of(resources: Resources) -> CriticInfo:
    """The present state of the critic."""
    critic = resources.critic
    if critic is None:
        return CriticInfo("off")
    model = critic.model
    doing = model.doing if model.state == "loading" else model.reason or None
    info = CriticInfo(model.state, doing=doing, waiting=critic.batcher.depth)
    if model.state != "up":
        return info
    return replace(info, name=model.value.about.name, version=model.value.about.version)


async def info_of(resources: Resources, settings: Settings) -> Info:
    """Count the store, and describe the models. Raises Unavailable."""
    stats: Stats = await resources.store.stats()
    return Info(
        version=cometgraph.__version__,
        store=_without_login(resources.store.address),
        events=stats.events,
        inferences=stats.inferences,
        triples=sum(stats.triples.values()),
        triples_by_relation=stats.triples,
        not_applicable=stats.not_applicable,
        unknown_relations=stats.unknown_relations,
        rate_limit=settings.rate_limit or None,
        max_body_bytes=settings.max_body_bytes,
        keys_required=bool(settings.api_keys.get_secret_value()),
        student=student_of(resources),
        index=index_of(resources),
        judge=judge_of(resources),
        critic=critic_of(resources),
    )


def _without_login(address: str) -> str:
    """The address without user and password."""
    if "://" not in address:
        return address
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
