"""The ladder: how a question becomes an answer. Nothing else decides where an answer comes from."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graph.stores.protocol import Tails
from schemas.errors import CometgraphError, EventNotFound, NoMatching, NoStudent
from schemas.events import parse_event
from schemas.infer import Answer, Question
from schemas.relations import Relation
from service.answering.caller import Caller
from service.answering.compose import PartialAnswer, compose, same_text
from service.answering.concurrency import Room, collected, done, in_order, in_parts
from service.answering.generate import write
from service.answering.keep import check_keep, is_private
from service.answering.lookup import ALL_RELATIONS, known, known_or_wrong, nearest
from service.answering.near_duplicate import find_same
from service.answering.questions import SOCIAL, checked
from service.runtime.cancellation import Disconnect, cancel_on
from service.runtime.normalizer import NormalizedQuestion
from service.runtime.resources import Resources

_BATCHES_UNDER_WAY = 4
"""Batches of the student that the questions of one asker may fill at once: enough that it never waits for them."""
_JUDGED_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Sourced:
    """An answer, and the events that it rests on: it stays the same until one of them changes in the store.

    events: None where it rests on all, as one does for which no near-duplicate was found.
    """

    answer: Answer
    events: frozenset[str] | None


async def answer(question: Question, resources: Resources, caller: Caller, gone: Disconnect | None = None) -> Answer:
    """The answer alone of `sourced`."""
    return (await sourced(question, resources, caller, gone)).answer


async def sourced(question: Question, resources: Resources, caller: Caller, gone: Disconnect | None = None) -> Sourced:
    """Read the event, look it up in the graph, then for what is missing look for one that means the same, then write.

    Raises BadInput for what is no event, EventNotFound for an event that no rung knows, NotAllowed for what the caller
    may not ask for, Unavailable and Overloaded where the rung that is needed is not there now. What nobody waits for
    any more, as `gone` tells, is not written.
    """
    started = time.perf_counter()
    _check(question, resources, caller)
    read, tails = await known(question, resources)
    if _is_answered(question, tails, resources):
        assert tails is not None
        parts = [_stored(read.event, tails)]
    else:
        parts = await cancel_on(gone, _all(sources(read.event, question, tails, resources, caller)))
    if not _says_anything(parts):
        raise EventNotFound(read.event, await nearest(read.event, resources.store, generated=question.generated))
    return Sourced(compose(read, question, parts, started), _events_of(read, parts))


def _events_of(read: NormalizedQuestion, parts: Sequence[PartialAnswer]) -> frozenset[str] | None:
    """The event as it came, as it was read, and the near-duplicates of which one answered."""
    events = {read.event} if read.asked == read.event else {parse_event(read.asked), read.event}
    for part in parts:
        if part.source == "near_duplicate":
            if part.match is None:
                return None
            events.add(part.match.event)
            events.update(verdict.event for verdict in part.considered if verdict.same)
    return frozenset(events)


async def answer_all(
    said: Sequence[Any], resources: Resources, caller: Caller, gone: Disconnect | None = None
) -> list[Answer | CometgraphError]:
    """An answer for each JSON value that should be a question, in order; or what went wrong with it."""
    return await cancel_on(gone, collected(answers(in_parts(said), resources, caller)))


def answers(
    parts: AsyncIterable[Sequence[Any]],
    resources: Resources,
    caller: Caller,
    is_stopped: Callable[[], bool] = lambda: False,
) -> AsyncGenerator[Answer | CometgraphError]:
    """The same for all values of some parts, as they come. Each part is looked up at once.

    Once `is_stopped` is true, no more questions begin; those under way are answered. Raises StoreUnavailable.
    """
    return in_order(_begun(parts, resources, caller, is_stopped))


async def _begun(
    parts: AsyncIterable[Sequence[Any]], resources: Resources, caller: Caller, is_stopped: Callable[[], bool]
) -> AsyncGenerator["asyncio.Future[Answer | CometgraphError]"]:
    """The answers of all questions, each begun as soon as there is room below the graph."""
    batch_size = resources.student.batcher.size if resources.student is not None else _JUDGED_AT_ONCE
    room = Room(_BATCHES_UNDER_WAY * batch_size)
    async for part in parts:
        started = time.perf_counter()
        for one in await _looked_up(part, resources, caller):
            if is_stopped():
                return
            if isinstance(one, CometgraphError):
                yield done(one)
                continue
            question, read, tails = one
            if _is_answered(question, tails, resources):
                assert tails is not None
                yield done(compose(read, question, [_stored(read.event, tails)], started))
                continue
            places = len(question.relation or SOCIAL) if _may_write(question, resources) else 1
            await room.free(places)
            if is_stopped():
                return
            yield room.start(_below(question, read, tails, started, resources, caller), places)


async def _looked_up(
    values: Sequence[Any], resources: Resources, caller: Caller
) -> list[tuple[Question, NormalizedQuestion, Tails | None] | CometgraphError]:
    """Each JSON value as a question, how its event is read and what the graph says of it; or what went wrong."""
    results: list[CometgraphError | None] = []
    questions: list[Question] = []
    for value in values:
        try:
            question = checked(value)
            _check(question, resources, caller)
            parse_event(question.event)
            questions.append(question)
            results.append(None)
        except CometgraphError as error:
            results.append(error)
    rows = zip(questions, await known_or_wrong(questions, resources), strict=True)
    looked_up = ((row if isinstance(row, CometgraphError) else (question, *row)) for question, row in rows)
    return [next(looked_up) if error is None else error for error in results]


async def _below(
    question: Question,
    read: NormalizedQuestion,
    tails: Tails | None,
    started: float,
    resources: Resources,
    caller: Caller,
) -> Answer | CometgraphError:
    """The answer of the rungs below the graph, or what went wrong."""
    try:
        parts = await _all(sources(read.event, question, tails, resources, caller))
        return compose(read, question, parts, started) if _says_anything(parts) else EventNotFound(read.event)
    except CometgraphError as error:
        return error


async def stream(question: Question, resources: Resources, caller: Caller) -> AsyncGenerator[PartialAnswer | Answer]:
    """The same rung by rung and relation by relation, as they are done; the whole answer comes last."""
    started = time.perf_counter()
    _check(question, resources, caller)
    read, tails = await known(question, resources)
    parts: list[PartialAnswer] = []
    async for part in sources(read.event, question, tails, resources, caller):
        parts.append(part)
        if part.has_content or part.error is not None:
            yield part
    if not _says_anything(parts):
        raise EventNotFound(read.event, await nearest(read.event, resources.store, generated=question.generated))
    yield compose(read, question, parts, started)


async def sources(
    event: str, question: Question, tails: Tails | None, resources: Resources, caller: Caller
) -> AsyncGenerator[PartialAnswer]:
    """What each rung says, as it says it, each of what those above it left open.

    The exact match in the graph; another event there that means the same; the student.
    """
    if tails is not None and question.mode in ("auto", "graph"):
        yield _stored(event, tails)
    left = _wanted(question, tails)
    if left and question.mode in ("auto", "near_duplicate") and resources.judge is not None:
        part = await _same(event, question, left, resources)
        yield part
        left = _still_missing(left, part, question)
    left = tuple(relation for relation in left if question.relation or relation in SOCIAL)
    if left and _may_write(question, resources):
        async for part in write(event, question, left, is_known=tails is not None, resources=resources, caller=caller):
            yield part


async def _all(parts: AsyncGenerator[PartialAnswer]) -> list[PartialAnswer]:
    return [part async for part in parts]


def _says_anything(parts: Sequence[PartialAnswer]) -> bool:
    """False where no rung knew the event and none failed: nobody knows it."""
    return any(part.has_content or part.error is not None for part in parts)


def _stored(event: str, tails: Tails) -> PartialAnswer:
    return PartialAnswer(
        "graph",
        tails.triples,
        tails.not_applicable,
        match=same_text(event),
        is_generated=bool(tails.generated),
    )


async def _same(event: str, question: Question, wanted: tuple[Relation, ...], resources: Resources) -> PartialAnswer:
    """What a near-duplicate in the graph says."""
    assert resources.judge is not None
    try:
        remember = not is_private(question, keeps=resources.keeps)
        found = await find_same(event, question, wanted, resources.store, resources.judge, remember=remember)
    except CometgraphError as error:
        return PartialAnswer(
            "near_duplicate", relations=() if len(wanted) == len(ALL_RELATIONS) else wanted, error=error
        )
    tails = found.tails
    return PartialAnswer(
        "near_duplicate", tails.triples, tails.not_applicable, match=found.match, considered=found.considered
    )


def _check(question: Question, resources: Resources, caller: Caller) -> None:
    """Raises NoStudent, NoMatching where the only rung that is asked for is not wanted here.

    Raises BadInput, NotAllowed where the caller cannot have what is asked for, whichever rung answers.
    """
    check_keep(question, caller, keeps=resources.keeps)
    if question.mode == "generate" and resources.student is None:
        raise NoStudent
    if question.mode == "generate":
        caller.need_student()
    if question.mode == "near_duplicate" and resources.judge is None:
        raise NoMatching


def _is_answered(question: Question, tails: Tails | None, resources: Resources) -> bool:
    """True where the graph says all there is to say, so that no other rung is needed."""
    if tails is None or question.mode in ("near_duplicate", "generate"):
        return False
    is_last = question.mode == "graph" or (resources.judge is None and resources.student is None)
    return is_last or not _wanted(question, tails)


def _wanted(question: Question, tails: Tails | None) -> tuple[Relation, ...]:
    """The relations of which the graph says nothing.

    A known event lacks what was asked by name and is not stored. One that no data set knows lacks all. Where a student
    spoke of an event alone, its social relations are all there should be.
    """
    if question.mode == "graph":
        return ()
    if question.mode in ("near_duplicate", "generate") or tails is None:
        return question.relation or ALL_RELATIONS
    if question.relation:
        return tuple(tails.missing)
    is_generated = tails.generated and len(tails.generated) + len(tails.missing) == len(ALL_RELATIONS)
    return tuple(relation for relation in SOCIAL if relation in tails.missing) if is_generated else ()


def _still_missing(left: tuple[Relation, ...], part: PartialAnswer, question: Question) -> tuple[Relation, ...]:
    """What a near-duplicate left open: nothing where it spoke and no relation was asked by name."""
    if part.match is not None and not question.relation:
        return ()
    said = {triple.relation for triple in part.triples}.union(part.not_applicable)
    return tuple(relation for relation in left if relation not in said)


def _may_write(question: Question, resources: Resources) -> bool:
    """Filters by score and origin ask for what is stored."""
    if resources.student is None or question.mode not in ("auto", "generate"):
        return False
    return question.mode == "generate" or (question.min_p_valid is None and not question.origin)
