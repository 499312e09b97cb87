"""POST /score: the student's log-probability of a tail, and the critic's p_valid."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from pydantic import ValidationError

from schemas.errors import CometgraphError, NoStudent
from schemas.events import parse_event, tidy
from schemas.score import Score, ScoreRequest, Token
from schemas.triples import says_none
from schemas.validation import bad_input
from service.answering.caller import Caller
from service.answering.concurrency import each
from service.answering.tail_scores import critic_member, score_tails
from service.runtime.resources import Resources

AT_ONCE = 64
"""Triples of a batch under way at once."""


async def score(request: ScoreRequest, resources: Resources, caller: Caller) -> Score:
    """The scores of a tail. Raises BadInput, NoStudent, ForeignOrigin, Unavailable, Overloaded.

    A failure of the critic is a line in `degraded`.
    """
    if resources.student is None:
        raise NoStudent
    caller.need_student()
    event, tail = parse_event(request.event), tidy(request.tail)
    inferences = [] if says_none(tail) else [tail]  # `none` says that the relation does not apply
    tokens, scores = await asyncio.gather(
        resources.student.score(event, request.relation, tail),
        score_tails(event, request.relation, inferences, resources),
    )
    total = sum(token.log_prob for token in tokens)
    student = resources.student.model.value.about
    return Score(
        event,
        request.relation,
        tail,
        round(total, 4),
        round(total / len(tokens), 4),
        [Token(token.token, round(token.log_prob, 4)) for token in tokens],
        scores.p_valid[0] if scores.p_valid else None,
        student.name,
        student.version,
        critic_member(scores.critic),
        [f"critic: {scores.error}"] if scores.error else [],
    )


def score_many(values: Sequence[Any], resources: Resources, caller: Caller) -> AsyncGenerator[Score | CometgraphError]:
    """The score or the error of each triple, a JSON value, in order, as they come."""

    async def one(value: Any) -> Score:
        return await score(_checked(value), resources, caller)

    return each(values, one, at_once=AT_ONCE)


def _checked(value: Any) -> ScoreRequest:
    try:
        return ScoreRequest.model_validate(value)
    except ValidationError as error:
        raise bad_input(error.errors(), list(ScoreRequest.model_fields)) from None
