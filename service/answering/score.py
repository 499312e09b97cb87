"""POST /score: how likely the student finds given tails."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from pydantic import ValidationError

from schemas.errors import CometgraphError, NoStudent
from schemas.events import parse_event, tidy
from schemas.score import Score, ScoreRequest, Token
from schemas.validation import bad_input
from service.answering.caller import Caller
from service.answering.concurrency import collected, each
from service.runtime.cancellation import Disconnect, cancel_on
from service.runtime.resources import Resources

AT_ONCE = 64


async def score(scored: ScoreRequest, resources: Resources, caller: Caller, gone: Disconnect | None = None) -> Score:
    """The log-probability of a tail. Raises BadInput, NoStudent, ForeignOrigin, Unavailable, Overloaded."""
    if resources.student is None:
        raise NoStudent
    caller.need_student()
    event, tail = parse_event(scored.event), tidy(scored.tail)
    tokens = await cancel_on(gone, resources.student.score(event, scored.relation, tail))
    total = sum(token.log_prob for token in tokens)
    student = resources.student.model.value.about
    return Score(
        event,
        scored.relation,
        tail,
        round(total, 4),
        round(total / len(tokens), 4),
        [Token(token.token, round(token.log_prob, 4)) for token in tokens],
        student.name,
        student.version,
    )


def scores(values: Sequence[Any], resources: Resources, caller: Caller) -> AsyncGenerator[Score | CometgraphError]:
    """A score for each JSON value that should be a triple, in order, as it comes; or what went wrong with it."""

    async def one(value: Any) -> Score | CometgraphError:
        try:
            return await score(_checked(value), resources, caller)
        except CometgraphError as error:
            return error

    return each(values, one, at_once=AT_ONCE)


async def score_all(
    said: Sequence[Any], resources: Resources, caller: Caller, gone: Disconnect | None = None
) -> list[Score | CometgraphError]:
    """The same, once all are there."""
    return await cancel_on(gone, collected(scores(said, resources, caller)))


def _checked(said: Any) -> ScoreRequest:
    try:
        return ScoreRequest.model_validate(said)
    except ValidationError as error:
        raise bad_input(error.errors(), list(ScoreRequest.model_fields)) from None
