"""The cascade: from a question to an answer. `sources` alone decides where an answer comes from, the rest collects."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from graph.stores.protocol import Store, Tails
from schemas.errors import BadInput, CometgraphError, NoMatching, NoStudent
from schemas.events import parse_event
from schemas.infer import Answer, Question
from schemas.relations import Relation
from service.answering.caller import Caller
from service.answering.compose import PartialAnswer, compose, from_graph
from service.answering.generate import generate
from service.answering.lookup import ALL_RELATIONS, LookupResult, event_not_found, look_up
from service.answering.near_duplicate import near_duplicate
from service.answering.privacy import check_keep
from service.answering.questions import SOCIAL
from service.answering.sentences import add_sentences
from service.runtime.normalizer import NormalizedQuestion
from service.runtime.resources import Resources


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """An answer and its dependencies.

    dependencies: stored events. The answer holds until one of them changes. None: until any event changes, as for an
    answer without a near-duplicate, which the next event may be.
    """

    answer: Answer
    dependencies: frozenset[str] | None


async def sources(
    question: Question, event: str, tails: Tails | None, resources: Resources, caller: Caller
) -> AsyncGenerator[PartialAnswer]:
    """The partial answer of each source, for the relations still missing: graph, near-duplicate, student.

    event: the canonical event.
    tails: its stored triples, None for an unknown event.
    """
    if tails is not None and question.mode in ("auto", "graph"):
        yield from_graph(event, tails)
    missing = wanted(question, tails)
    if missing and question.mode in ("auto", "near_duplicate") and resources.judge is not None:
        part = await near_duplicate(event, question, missing, resources)
        yield part
        missing = _still_missing(missing, part, question)
    missing = tuple(relation for relation in missing if question.relation or relation in SOCIAL)
    if missing and may_generate(question, resources):
        async for part in generate(
            event, question, missing, is_known=tails is not None, resources=resources, caller=caller
        ):
            yield part


def check(question: Question, resources: Resources, caller: Caller) -> None:
    """Raises NoStudent, NoMatching for a mode without its source, BadInput or NotAllowed for a mode or `keep` that the
    caller may not use, BadInput for a score to filter by without a critic.
    """
    check_keep(question, caller, keeps=resources.keeps)
    if question.mode == "generate" and resources.student is None:
        raise NoStudent
    if question.mode == "generate":
        caller.need_student()
        if question.min_p_valid is not None and resources.critic is None:
            message = "min_p_valid: this service runs without a critic (--no-critic), so the student has no scores"
            raise BadInput.of("min_p_valid", question.min_p_valid, "left out without a critic", message)
    if question.mode == "near_duplicate" and resources.judge is None:
        raise NoMatching


def wanted(question: Question, tails: Tails | None) -> tuple[Relation, ...]:
    """The relations to ask the other sources for, after the graph.

    A question with relations wants those without a stored triple. A question without wants nothing of an event from a
    data set, all relations of an unknown event, and the missing social relations of an event from students alone.
    """
    if question.mode == "graph":
        return ()
    if question.mode in ("near_duplicate", "generate") or tails is None:
        return question.relation or ALL_RELATIONS
    if question.relation:
        return tuple(tails.missing)
    is_generated = tails.generated and len(tails.generated) + len(tails.missing) == len(ALL_RELATIONS)
    return tuple(relation for relation in SOCIAL if relation in tails.missing) if is_generated else ()


def may_generate(question: Question, resources: Resources) -> bool:
    """True if the student may be asked. A filter by origin is for stored triples. One by score needs a critic."""
    if resources.student is None or question.mode not in ("auto", "generate") or question.origin:
        return False
    return question.min_p_valid is None or resources.critic is not None


def _still_missing(missing: tuple[Relation, ...], part: PartialAnswer, question: Question) -> tuple[Relation, ...]:
    """The relations without an answer by a near-duplicate. A question without relations is content with any."""
    if part.match is not None and not question.relation:
        return ()
    answered = {triple.relation for triple in part.triples}.union(part.not_applicable)
    return tuple(relation for relation in missing if relation not in answered)


# --- collecting ---


async def answer(question: Question, resources: Resources, caller: Caller) -> Answer:
    """The answer alone of `answer_record`."""
    return (await answer_record(question, resources, caller)).answer


async def answer_record(question: Question, resources: Resources, caller: Caller) -> AnswerRecord:
    """The answer to one question.

    Raises BadInput for a text without an event, EventNotFound for an event unknown to every source, NotAllowed,
    Unavailable and Overloaded.
    """
    started = time.perf_counter()
    check(question, resources, caller)
    [result] = await look_up([question], resources)
    return await collect(question, result, resources, caller, started)


async def collect(
    question: Question, result: LookupResult, resources: Resources, caller: Caller, started: float
) -> AnswerRecord:
    """The answer to a question after its lookup. Raises the error of the lookup, and see `answer_record`.

    started: `time.perf_counter()` at the beginning, for `took_ms`.
    """
    if isinstance(result, CometgraphError):
        raise result
    event, tails = result
    parts = [part async for part in sources(question, event.event, tails, resources, caller)]
    return AnswerRecord(await _whole(question, event, parts, resources.store, started), _dependencies(event, parts))


async def stream(question: Question, resources: Resources, caller: Caller) -> AsyncGenerator[PartialAnswer | Answer]:
    """The partial answers as they come, the whole answer last. Raises as `answer_record` does."""
    started = time.perf_counter()
    check(question, resources, caller)
    [result] = await look_up([question], resources)
    if isinstance(result, CometgraphError):
        raise result
    event, tails = result
    parts: list[PartialAnswer] = []
    async for part in sources(question, event.event, tails, resources, caller):
        parts.append(part)
        if part.has_content or part.error is not None:
            yield part
    yield await _whole(question, event, parts, resources.store, started)


async def _whole(
    question: Question, event: NormalizedQuestion, parts: Sequence[PartialAnswer], store: Store, started: float
) -> Answer:
    """The answer of all parts. Raises EventNotFound if no source knew the event and none failed."""
    if not any(part.has_content or part.error is not None for part in parts):
        raise await event_not_found(event.event, question, store)
    answer = compose(event, question, parts, started)
    if question.render is not None:
        await asyncio.to_thread(add_sentences, answer, question.render)  # the first loads a dictionary
        answer.took_ms = round((time.perf_counter() - started) * 1000, 3)
    return answer


def _dependencies(event: NormalizedQuestion, parts: Sequence[PartialAnswer]) -> frozenset[str] | None:
    """The event, verbatim and normalized, and all near-duplicates with a part in the answer."""
    events = {event.event} if event.asked == event.event else {parse_event(event.asked), event.event}
    for part in parts:
        if part.source == "near_duplicate":
            if part.match is None:
                return None
            events.add(part.match.event)
            events.update(verdict.event for verdict in part.considered if verdict.same)
    return frozenset(events)
