"""An answer put together from what the rungs of the ladder said."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from distill.comet import Comet
from distill.decoding import Decoding
from schemas.errors import CometgraphError
from schemas.questions import Answer, Decoded, Inference, Match, Model, Question
from schemas.relations import Relation
from schemas.triples import Triple, is_generated, rank


@dataclass(slots=True)
class Part:
    """What one rung said of some relations, or the error that kept it from doing so.

    skipped: what could not be done besides. comet, decoding, seed: who wrote it, and how.
    """

    triples: list[Triple] = field(default_factory=list[Triple])
    not_applicable: list[Relation] = field(default_factory=list[Relation])
    relations: tuple[Relation, ...] = ()
    stored: bool = False
    is_generated: bool = False
    error: CometgraphError | None = None
    skipped: str | None = None
    comet: Comet | None = None
    decoding: Decoding | None = None
    seed: int = 0


def compose(event: str, question: Question, parts: Sequence[Part], started: float) -> Answer:
    """One answer. Raises the error of a rung where none said anything: an empty answer hides no failure."""
    errors = [part.error for part in parts if part.error is not None]
    if errors and not any(part.triples or part.not_applicable for part in parts):
        raise errors[0]
    live = [part for part in parts if part.comet is not None]
    answer = Answer(
        event=event,
        source="generated" if live or any(part.is_generated for part in parts) else "graph",
        stored=not live,
        match=Match(event, 1.0) if any(part.stored for part in parts) else None,
        inferences=_inferences(parts, question.limit),
        not_applicable=[relation for part in parts for relation in part.not_applicable],
        degraded=_degraded(parts),
    )
    if live:
        _say_how(answer, event, question, live)
    answer.took_ms = round((time.perf_counter() - started) * 1000, 3)
    return answer


def inference(triple: Triple, place: int, *, stored: bool) -> Inference:
    """A triple as one of an answer."""
    return Inference(
        triple.relation,
        triple.tail,
        triple.p_valid,
        triple.log_prob,
        place,
        "generated" if is_generated(triple) else "graph",
        stored,
        triple.origins,
        triple.split,
    )


def _inferences(parts: Sequence[Part], limit: int) -> list[Inference]:
    """All in the one order, of each relation the first `limit`."""
    if len(parts) == 1:
        ordered = [(triple, parts[0].stored) for triple in parts[0].triples]
    else:
        ordered = [(triple, part.stored) for part in parts for triple in part.triples]
    if any(part.comet for part in parts):
        ordered.sort(key=lambda pair: rank(pair[0]))
    places: dict[Relation, int] = {}
    chosen: list[Inference] = []
    for triple, stored in ordered:
        place = places[triple.relation] = places.get(triple.relation, 0) + 1
        if place <= limit:
            chosen.append(inference(triple, place, stored=stored))
    return chosen


def _degraded(parts: Sequence[Part]) -> list[str]:
    said = [f"generate {', '.join(part.relations)}: {part.error}" for part in parts if part.error is not None]
    return list(dict.fromkeys(said + [part.skipped for part in parts if part.skipped is not None]))


def _say_how(answer: Answer, event: str, question: Question, live: Sequence[Part]) -> None:
    comet, decoding = live[0].comet, live[0].decoding
    assert comet is not None
    assert decoding is not None
    is_sampled, is_beam = decoding.method == "sample", decoding.method == "beam"
    placement = comet.engines[decoding.method].placement
    answer.model = Model(comet.name, comet.version, placement.engine, placement.device, placement.dtype)
    answer.decoding = Decoded(
        decoding.method,
        decoding.n,
        decoding.beams if is_beam else None,
        decoding.temperature if is_sampled else None,
        decoding.top_p if is_sampled else None,
        decoding.max_new_tokens,
        live[0].seed if is_sampled else None,
    )
    if question.explain:
        answer.prompts = {r: comet.prompt(event, r) for part in live for r in part.relations}
