"""Answers to many questions, in order. A part of the questions is looked up at once."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Sequence
from typing import Any

from schemas.errors import CometgraphError
from schemas.infer import Answer, Question
from service.answering.caller import Caller
from service.answering.cascade import check, collect, may_generate, wanted
from service.answering.concurrency import Room, done, in_order
from service.answering.lookup import LookupResult, look_up
from service.answering.questions import SOCIAL, checked
from service.runtime.resources import Resources

_STUDENT_BATCHES = 4
"""Batches of the student with questions of one caller: enough to keep it busy."""
_JUDGED_AT_ONCE = 32


def answer_many(
    parts: AsyncIterable[Sequence[Any]],
    resources: Resources,
    caller: Caller,
    is_stopped: Callable[[], bool] = lambda: False,
) -> AsyncGenerator[Answer | CometgraphError]:
    """The answer or the error of each question, in order, as they come.

    parts: the questions as JSON values, some at a time.
    is_stopped: once true, no further question begins. Those under way are answered.

    Raises StoreUnavailable.
    """
    return in_order(_started(parts, resources, caller, is_stopped))


async def _started(
    parts: AsyncIterable[Sequence[Any]], resources: Resources, caller: Caller, is_stopped: Callable[[], bool]
) -> AsyncGenerator["asyncio.Future[Answer | CometgraphError]"]:
    """The tasks of all questions. Each starts as soon as judge and student have room for it."""
    batch_size = resources.student.batcher.size if resources.student is not None else _JUDGED_AT_ONCE
    room = Room(_STUDENT_BATCHES * batch_size)
    async for part in parts:
        started = time.perf_counter()
        questions = [_checked(value, resources, caller) for value in part]
        results = iter(await look_up([one for one in questions if isinstance(one, Question)], resources))
        for question in questions:
            if is_stopped():
                return
            if isinstance(question, CometgraphError):
                yield done(question)
                continue
            result = next(results)
            places = _places(question, result, resources)
            await room.free(places)
            if is_stopped():
                return
            yield room.start(_answer(question, result, resources, caller, started), places)


def _checked(value: Any, resources: Resources, caller: Caller) -> Question | CometgraphError:
    try:
        question = checked(value)
        check(question, resources, caller)
    except CometgraphError as error:
        return error
    return question


def _places(question: Question, result: LookupResult, resources: Resources) -> int:
    """The room for a question: a place for each relation to generate, none if the graph answers it."""
    if isinstance(result, CometgraphError):
        return 0
    _, tails = result
    if tails is not None and not wanted(question, tails):
        return 0
    return len(question.relation or SOCIAL) if may_generate(question, resources) else 1


async def _answer(
    question: Question, result: LookupResult, resources: Resources, caller: Caller, started: float
) -> Answer | CometgraphError:
    try:
        return (await collect(question, result, resources, caller, started)).answer
    except CometgraphError as error:
        return error
