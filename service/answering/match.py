"""POST /match: which stored events mean the same as given ones, and why."""

from collections.abc import Sequence
from typing import Any, cast

from pydantic import ValidationError

from distill.judge.voice import active_form
from schemas.errors import BadInput, CometgraphError, NoMatching
from schemas.match import MAX_MATCHED, Matches, MatchQuestion
from schemas.validation import bad_input
from service.answering.compose import considered
from service.answering.concurrency import collected, each
from service.answering.near_duplicate import consider
from service.runtime.cancellation import Disconnect, cancel_on
from service.runtime.normalizer import as_it_is
from service.runtime.resources import Resources

AT_ONCE = 32
"""Events of a list that are with the judge at once."""


async def matches(question: MatchQuestion, resources: Resources) -> Matches:
    """The stored events considered for one, judged. Raises BadInput, NoMatching, Unavailable, Overloaded."""
    if resources.judge is None:
        raise NoMatching
    read = as_it_is(question.event) if question.as_is else await resources.normalizer.read(question.event)
    looked_for, _ = active_form(read.event)
    verdicts = await consider(
        looked_for, question.k, resources.store, resources.judge, generated=question.generated, remember=resources.keeps
    )
    return Matches(question.event, read.event, read.roles, [considered(v) for v in verdicts])


async def matches_all(
    said: Sequence[Any], resources: Resources, gone: Disconnect | None = None
) -> list[Matches | CometgraphError]:
    """The same for each JSON value that should be a question, in order; or what went wrong with it."""

    async def one(value: Any) -> Matches | CometgraphError:
        try:
            return await matches(checked(value), resources)
        except CometgraphError as error:
            return error

    return await cancel_on(gone, collected(each(said, one, at_once=AT_ONCE)))


def checked(said: Any) -> MatchQuestion:
    """The question of a JSON value. Raises BadInput."""
    try:
        return MatchQuestion.model_validate(said)
    except ValidationError as error:
        raise bad_input(error.errors(), list(MatchQuestion.model_fields)) from None


def several(said: Any) -> Sequence[Any] | None:
    """The values of a list; None where it is none. Raises BadInput for an empty or an over-long one."""
    if not isinstance(said, list):
        return None
    values = cast(list[Any], said)
    if not 1 <= len(values) <= MAX_MATCHED:
        raise BadInput.of("body", f"a list of {len(values)}", f"one question, or a list of 1 to {MAX_MATCHED}")
    return values
