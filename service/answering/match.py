"""POST /match: stored events with the meaning of an event, and the judge's reasons."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from pydantic import ValidationError

from distill.judge.voice import active_form
from schemas.errors import BadInput, CometgraphError, NoMatching
from schemas.match import MAX_MATCHED, Matches, MatchQuestion
from schemas.validation import bad_input
from service.answering.compose import candidate
from service.answering.concurrency import each
from service.answering.near_duplicate import judged_candidates
from service.runtime.normalizer import as_it_is
from service.runtime.resources import Resources

AT_ONCE = 32
"""Events of a list under way at once."""


async def match(question: MatchQuestion, resources: Resources) -> Matches:
    """The candidates for one event, judged. Raises BadInput, NoMatching, Unavailable, Overloaded."""
    if resources.judge is None:
        raise NoMatching
    event = as_it_is(question.event) if question.as_is else await resources.normalizer.read(question.event)
    search, _ = active_form(event.event)
    verdicts = await judged_candidates(
        search, question.k, resources, generated=question.generated, remember=resources.keeps
    )
    return Matches(question.event, event.event, event.roles, [candidate(verdict) for verdict in verdicts])


def match_many(values: Sequence[Any], resources: Resources) -> AsyncGenerator[Matches | CometgraphError]:
    """The matches or the error of each question, a JSON value, in order."""

    async def one(value: Any) -> Matches:
        return await match(checked(value), resources)

    return each(values, one, at_once=AT_ONCE)


def checked(value: Any) -> MatchQuestion:
    """The question of a JSON value. Raises BadInput."""
    try:
        return MatchQuestion.model_validate(value)
    except ValidationError as error:
        raise bad_input(error.errors(), list(MatchQuestion.model_fields)) from None


def checked_list(values: Sequence[Any]) -> Sequence[Any]:
    """The values of a list of questions. Raises BadInput for an empty or too long list."""
    if not 1 <= len(values) <= MAX_MATCHED:
        raise BadInput.of("body", f"a list of {len(values)}", f"one question, or a list of 1 to {MAX_MATCHED}")
    return values
