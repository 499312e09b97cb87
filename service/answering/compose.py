"""An answer put together from what the rungs of the ladder said."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from distill.engines.decoding import Decoding
from distill.judge.judge import Verdict
from distill.student.student import StudentCard
from schemas.errors import CometgraphError
from schemas.infer import Answer, DecodingInfo, Inference, Match, MatchCandidate, Model, Question, Source
from schemas.relations import Relation
from schemas.triples import Triple, is_generated, rank
from service.runtime.normalizer import NormalizedQuestion

_PERSON = re.compile("Person[XYZ]")
_LOWER: tuple[Source, ...] = ("graph", "near_duplicate", "generated")


@dataclass(slots=True)
class PartialAnswer:
    """What one rung said of some relations, or the error that kept it from doing so.

    rung: which. is_generated: some of what is stored was a student's. match: the stored event that said it.
    considered: stored events that were looked at, and why they were taken or refused. skipped: what could not be done
    besides. student, decoding, seed: who wrote it, and how.
    """

    source: Source
    triples: list[Triple] = field(default_factory=list[Triple])
    not_applicable: list[Relation] = field(default_factory=list[Relation])
    relations: tuple[Relation, ...] = ()
    is_generated: bool = False
    match: Match | None = None
    considered: Sequence[Verdict] = ()
    error: CometgraphError | None = None
    skipped: str | None = None
    student: StudentCard | None = None
    decoding: Decoding | None = None
    seed: int = 0

    @property
    def has_content(self) -> bool:
        """False where the rung knew nothing of the event."""
        return bool(self.triples or self.not_applicable) or self.match is not None or self.student is not None

    @property
    def stored(self) -> bool:
        """True where it was in the graph already."""
        return self.student is None


def compose(read: NormalizedQuestion, question: Question, parts: Sequence[PartialAnswer], started: float) -> Answer:
    """One answer. Raises the error of a rung where none said anything: an empty answer hides no failure."""
    errors = [part.error for part in parts if part.error is not None]
    said = [part for part in parts if part.has_content]
    if errors and not any(part.triples or part.not_applicable for part in said):
        raise errors[-1]
    live = [part for part in said if part.student is not None]
    answer = Answer(
        asked=read.asked,
        event=read.event,
        roles=read.roles,
        clauses=list(read.clauses),
        source=_lowest(said),
        stored=not live,
        match=next((part.match for part in said if part.match is not None), None),
        inferences=_inferences(parts, question.limit),
        not_applicable=[relation for part in parts for relation in part.not_applicable],
        degraded=_degraded(parts, read.skipped),
    )
    if live:
        _say_how(answer, read.event, question, live)
    if question.explain:
        answer.candidates = [considered(v) for part in parts for v in part.considered] or None
    answer.took_ms = round((time.perf_counter() - started) * 1000, 3)
    return answer


def same_text(event: str) -> Match:
    """The match of an event with itself."""
    return Match(event, 1.0, 1.0, {person: person for person in dict.fromkeys(_PERSON.findall(event))})


def considered(verdict: Verdict) -> MatchCandidate:
    """A verdict as an answer shows it."""
    return MatchCandidate(
        verdict.event, round(verdict.similarity, 4), round(verdict.confidence, 4), verdict.same, verdict.reason
    )


def inference(triple: Triple, place: int, source: Source, *, stored: bool) -> Inference:
    """A triple as one of an answer."""
    by_student = is_generated(triple)
    return Inference(
        triple.relation,
        triple.tail,
        triple.p_valid,
        triple.log_prob,
        place,
        "generated" if by_student and source == "graph" else source,
        stored,
        by_student,
        triple.origins,
        triple.split,
    )


def _lowest(parts: Sequence[PartialAnswer]) -> Source:
    """The lowest rung that any of them needed."""
    needed = {_source(part) for part in parts}
    for source in reversed(_LOWER):
        if source in needed:
            return source
    return "graph"


def _source(part: PartialAnswer) -> Source:
    """A student's answer that was kept is still a student's."""
    return "generated" if part.source == "graph" and part.is_generated else part.source


def _inferences(parts: Sequence[PartialAnswer], limit: int) -> list[Inference]:
    """All in the one order, of each relation the first `limit`."""
    if len(parts) == 1:
        ordered = [(triple, parts[0]) for triple in parts[0].triples]
    else:
        ordered = [(triple, part) for part in parts for triple in part.triples]
    if len(parts) > 1 or any(part.student for part in parts):
        ordered.sort(key=lambda pair: rank(pair[0]))
    places: dict[Relation, int] = {}
    chosen: list[Inference] = []
    for triple, part in ordered:
        place = places[triple.relation] = places.get(triple.relation, 0) + 1
        if place <= limit:
            chosen.append(inference(triple, place, part.source, stored=part.stored))
    return chosen


def _degraded(parts: Sequence[PartialAnswer], skipped: str | None) -> list[str]:
    said = [
        f"{_DOING.get(part.source, part.source)} {', '.join(part.relations)}".rstrip() + f": {part.error}"
        for part in parts
        if part.error is not None
    ]
    more = [skipped, *(part.skipped for part in parts)]
    return list(dict.fromkeys(said + [what for what in more if what is not None]))


_DOING = {"generated": "generate"}


def _say_how(answer: Answer, event: str, question: Question, live: Sequence[PartialAnswer]) -> None:
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
    if question.explain:
        answer.prompts = {r: student.prompt(event, r) for part in live for r in part.relations}
