"""The two ends of a walk: from texts to events and tails of the graph."""

from dataclasses import dataclass, replace

from distill.judge.voice import swap_persons
from graph.paths.best import Goal
from graph.stores.protocol import Lookup
from schemas.errors import CometgraphError, EventNotFound
from schemas.events import tidy
from service.answering.lookup import ALL_RELATIONS, nearest
from service.answering.walk import Walk
from service.runtime.normalizer import NormalizedQuestion, as_it_is


@dataclass(frozen=True, slots=True)
class Start:
    """The first event of a walk. is_known: the graph has it. is_tail: it is a tail, and no event of the graph."""

    text: NormalizedQuestion
    is_known: bool
    is_tail: bool = False


async def start_of(text: str, walk: Walk, *, or_tail: bool = False) -> Start:
    """The start of a walk: the text as it is, else normalized. or_tail: a stored tail will do.

    With `generate`, an event that nobody stored will do. Raises BadInput, EventNotFound.
    """
    verbatim = as_it_is(text)
    if await _is_known(verbatim.event, walk):
        return Start(verbatim, True)
    if or_tail and await walk.steps_to([], [tidy(text)]):
        return Start(replace(verbatim, event=tidy(text)), False, True)
    start = verbatim if walk.question.as_is else await walk.resources.normalizer.read(text)
    if start.event != verbatim.event and await _is_known(start.event, walk):
        return Start(start, True)
    if walk.question.generate and not or_tail:
        return Start(start, False)
    raise await _not_found(start.event, walk)


async def goal_of(text: str, start: NormalizedQuestion, walk: Walk) -> Goal:
    """The goal of paths from a start. Raises EventNotFound.

    A goal about PersonY, or about a person with the name of the start's PersonY, is about the other one.
    """
    verbatim = as_it_is(text)
    event, tail = verbatim.event, tidy(text)
    if event.startswith("PersonY") and not await _is_known(event, walk):
        return await _goal(swap_persons(event), None, True, start, walk)
    if await _is_known(event, walk) or await walk.steps_to([], [tail]):
        return await _goal(event, tail, None, start, walk)
    if not walk.question.as_is:
        try:
            read = await walk.resources.normalizer.read(text)
        except CometgraphError:  # "gets fired" is no sentence, and may be a goal yet
            read = verbatim
        if read.event != event and await _is_known(read.event, walk):
            return await _goal(read.event, None, _swaps(start.roles, read.roles), start, walk)
    return await _goal(event, tail, None, start, walk)


async def _goal(event: str, tail: str | None, swaps: bool | None, start: NormalizedQuestion, walk: Walk) -> Goal:
    """The goal of an event, or of a tail and the event that it is."""
    is_known = await _is_known(event, walk)
    if tail is not None and not is_known:
        links = await walk.resources.store.linked([(tail, "X")], generated=walk.shows_generated)
        event = links[0].event if links else event
        is_known = bool(links)
    if not is_known and not walk.question.generate and (tail is None or not await walk.steps_to([], [tail])):
        raise await _not_found(event, walk)
    return Goal(None if event == start.event else event, tail, swaps)


def _swaps(start: dict[str, str], goal: dict[str, str]) -> bool | None:
    """True if the goal's PersonX has the name of the start's PersonY, False for PersonX, None for neither."""
    name = goal.get("PersonX", "").casefold()
    persons = {words.casefold(): person for person, words in start.items()}
    return {"PersonX": False, "PersonY": True}.get(persons.get(name, "")) if name else None


async def _is_known(event: str, walk: Walk) -> bool:
    lookup = Lookup(event, ALL_RELATIONS, 1, generated=walk.shows_generated)
    return (await walk.resources.store.tails([lookup]))[0] is not None


async def _not_found(event: str, walk: Walk) -> EventNotFound:
    return EventNotFound(event, await nearest(event, walk.resources.store, generated=walk.shows_generated))
