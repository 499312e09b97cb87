"""An answer composed from the partial answers of the sources."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from distill.engines.decoding import Decoding
from distill.judge.judge import Verdict
from distill.student.student import StudentCard
from graph.stores.protocol import Tails
from schemas.errors import CometgraphError
from schemas.events import persons
from schemas.infer import Answer, Inference, Match, MatchCandidate, Question, Source
from schemas.models import DecodingInfo, Model
from schemas.relations import Relation
from schemas.triples import Order, Triple, is_generated, sort_key
from service.answering.tail_scores import critic_member
from service.runtime.model_factories import CriticCard
from service.runtime.normalizer import NormalizedQuestion

_CASCADE: tuple[Source, ...] = ("graph", "near_duplicate", "generated")
_ACTIONS = {"generated": "generate"}


@dataclass(slots=True)
class PartialAnswer:
    """The answer of one source for some relations, or its error.

    relations: the relations that it was asked for, if not all.
    is_generated: some stored triples come from students alone.
    match: the stored event of the triples.
    considered: stored events judged on the way, with reasons.
    skipped: failures beside the answer, such as a write to the store.
    student, decoding, seed: of generated triples. These may all have been left out by their scores.
    critic: of the scores of generated triples.
    """

    source: Source
    triples: list[Triple] = field(default_factory=list[Triple])
    not_applicable: list[Relation] = field(default_factory=list[Relation])
    relations: tuple[Relation, ...] = ()
    is_generated: bool = False
    match: Match | None = None
    considered: Sequence[Verdict] = ()
    error: CometgraphError | None = None
    skipped: list[str] = field(default_factory=list[str])
    student: StudentCard | None = None
    decoding: Decoding | None = None
    seed: int = 0
    critic: CriticCard | None = None

    @property
    def has_content(self) -> bool:
        """False if the source did not know the event."""
        return bool(self.triples or self.not_applicable) or self.match is not None or self.student is not None

    @property
    def stored(self) -> bool:
        """True if the triples were in the graph before."""
        return self.student is None


def from_graph(event: str, tails: Tails) -> PartialAnswer:
    """The partial answer of the graph, for the event itself."""
    match = Match(event, 1.0, 1.0, {person: person for person in persons(event)})
    return PartialAnswer("graph", tails.triples, tails.not_applicable, match=match, is_generated=bool(tails.generated))


def compose(event: NormalizedQuestion, question: Question, parts: Sequence[PartialAnswer], started: float) -> Answer:
    """One answer. Raises the error of a source if none has content: an empty answer hides no failure.

    Generated tails that were left out by their scores are content.
    """
    errors = [part.error for part in parts if part.error is not None]
    contents = [part for part in parts if part.has_content]
    if errors and not any(part.triples or part.not_applicable or part.student for part in contents):
        raise errors[-1]
    live = [part for part in contents if part.student is not None]
    answer = Answer(
        asked=event.asked,
        event=event.event,
        roles=event.roles,
        clauses=list(event.clauses),
        source=_last_source(contents),
        stored=not live,
        match=next((part.match for part in contents if part.match is not None), None),
        inferences=_inferences(parts, question.limit, question.order),
        not_applicable=[relation for part in parts for relation in part.not_applicable],
        degraded=_degraded(parts, event.skipped),
    )
    if live:
        _add_decoding(answer, event.event, question, live)
    if question.explain:
        answer.candidates = [candidate(verdict) for part in parts for verdict in part.considered] or None
    answer.took_ms = round((time.perf_counter() - started) * 1000, 3)
    return answer


def candidate(verdict: Verdict) -> MatchCandidate:
    """A verdict as a member of an answer."""
    return MatchCandidate(
        verdict.event, round(verdict.similarity, 4), round(verdict.confidence, 4), verdict.same, verdict.reason
    )


def inference(triple: Triple, place: int, source: Source, *, stored: bool) -> Inference:
    """A triple as a member of an answer. place: its rank within its relation, from 1."""
    by_student = is_generated(triple)
    return Inference(
        triple.relation,
        triple.tail,
        triple.p_valid,
        triple.critic,
        triple.log_prob,
        place,
        "generated" if by_student and source == "graph" else source,
        stored,
        by_student,
        triple.origins,
        triple.split,
    )


def _last_source(parts: Sequence[PartialAnswer]) -> Source:
    """The last source of the cascade among the parts. Stored triples of a student count as generated."""
    sources: set[Source] = {
        "generated" if part.source == "graph" and part.is_generated else part.source for part in parts
    }
    used: list[Source] = [source for source in reversed(_CASCADE) if source in sources]
    return used[0] if used else "graph"


def _inferences(parts: Sequence[PartialAnswer], limit: int, order: Order) -> list[Inference]:
    """The first `limit` of each relation, in an order."""
    if len(parts) == 1:
        ordered = [(triple, parts[0]) for triple in parts[0].triples]
    else:
        ordered = [(triple, part) for part in parts for triple in part.triples]
    if len(parts) > 1 or any(part.student for part in parts):
        key = sort_key(order)
        ordered.sort(key=lambda pair: key(pair[0]))
    places: dict[Relation, int] = {}
    inferences: list[Inference] = []
    for triple, part in ordered:
        place = places[triple.relation] = places.get(triple.relation, 0) + 1
        if place <= limit:
            inferences.append(inference(triple, place, part.source, stored=part.stored))
    return inferences


def _degraded(parts: Sequence[PartialAnswer], skipped: str | None) -> list[str]:
    """One line for each failure on the way to the answer, without repetition."""
    errors = [
        f"{_ACTIONS.get(part.source, part.source)} {', '.join(part.relations)}".rstrip() + f": {part.error}"
        for part in parts
        if part.error is not None
    ]
    others = [skipped, *(line for part in parts for line in part.skipped)]
    return list(dict.fromkeys(errors + [line for line in others if line is not None]))


def _add_decoding(answer: Answer, event: str, question: Question, live: Sequence[PartialAnswer]) -> None:
    """Add model, decoding and, with `explain`, the prompts of the generated parts."""
    student, decoding = live[0].student, live[0].decoding
    assert student is not None
    assert decoding is not None
    is_sampled, is_beam = decoding.method == "sample", decoding.method == "beam"
    placement = student.placements[decoding.method]
    answer.model = Model(student.name, student.version, placement.engine, placement.device, placement.dtype)
    answer.decoding = DecodingInfo(
        decoding.method,
        decoding.n,
        decoding.beams if is_beam else None,
        decoding.temperature if is_sampled else None,
        decoding.top_p if is_sampled else None,
        decoding.max_new_tokens,
        live[0].seed if is_sampled else None,
    )
    answer.critic = next((critic_member(part.critic) for part in live if part.critic is not None), None)
    if question.explain:
        answer.prompts = {r: student.prompt(event, r) for part in live for r in part.relations}
