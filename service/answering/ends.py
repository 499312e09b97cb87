"""The two ends of a walk: from texts to events and tails of the graph."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from distill.judge.voice import swap_persons
from graph.links.phrase import ACTOR
from graph.paths.best import Goal
from graph.stores.protocol import Lookup
from schemas.errors import BadInput, EventNotFound
from schemas.events import tidy
from schemas.infer import Match, Question
from service.answering.lookup import ALL_RELATIONS, nearest
from service.answering.near_duplicate import near_duplicate
from service.answering.walk import Walk
from service.runtime.normalizer import NormalizedQuestion, as_it_is


@dataclass(frozen=True, slots=True)
class Start:
    """The first event of a walk.

    is_known: the graph has it.
    is_tail: it is a tail, and no event of the graph.
    match: it is a near-duplicate of the text.
    """

    text: NormalizedQuestion
    is_known: bool
    is_tail: bool = False
    match: Match | None = None


async def start_of(text: str, walk: Walk, *, or_tail: bool = False) -> Start:
    """The start of a walk: the text as it is, else normalized, else a near-duplicate. or_tail: a stored tail will do.

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
    if (match := await _match(start.event, walk)) is not None:
        return Start(replace(start, event=match.event), True, match=match)
    if walk.question.generate:
        return Start(start, False)
    raise await _not_found(start.event, walk)


async def goal_of(text: str, start: NormalizedQuestion, walk: Walk) -> Goal:
    """The goal of paths from a start: an event of the graph, tails of it, or both. Raises EventNotFound.

    "PersonX is sad" is also the tails "is sad" and "sad". A goal about PersonY, or about a person with the name of the
    start's PersonY, is about the other one. With `generate`, every event and tail will do.
    """
    verbatim = as_it_is(text)
    if goal := await _stored(verbatim.event, [tidy(text)], None, start, walk):
        return goal
    if verbatim.event.startswith("PersonY"):
        event, swaps = swap_persons(verbatim.event), True
    else:
        event, swaps = await _normalized(verbatim, start, walk)
    if goal := await _stored(event, _tails(event), swaps, start, walk):
        return goal
    if walk.question.generate:
        return Goal(event, frozenset({tidy(text), *_tails(event)}), swaps)
    raise await _not_found(event, walk)


async def _stored(
    event: str, tails: Sequence[str], swaps: bool | None, start: NormalizedQuestion, walk: Walk
) -> Goal | None:
    """The goal that an event and tails are, as far as they are stored."""
    stored = {step.tail for step in await walk.steps_to([], tails)}
    if not await _is_known(event, walk):
        links = await walk.resources.store.linked([(tail, "X") for tail in tails], generated=walk.shows_generated)
        event = min((link.event for link in links), default="")
    if not event and not stored:
        return None
    return Goal(None if event in ("", start.event) else event, frozenset(stored), swaps)


async def _normalized(verbatim: NormalizedQuestion, start: NormalizedQuestion, walk: Walk) -> tuple[str, bool | None]:
    """The event of a text, and whether its PersonX is the start's PersonY. A text that is no sentence stays."""
    if walk.question.as_is:
        return verbatim.event, None
    try:
        read = await walk.resources.normalizer.read(verbatim.asked)
    except BadInput:
        return verbatim.event, None
    return read.event, _swaps(start.roles, read.roles)


def _tails(event: str) -> list[str]:
    """The tails that say the same as an event."""
    action = event.removeprefix(ACTOR)
    if action == event:
        return []
    return [action, action.removeprefix("is ")] if action.startswith("is ") else [action]


def _swaps(start: dict[str, str], goal: dict[str, str]) -> bool | None:
    """True if the goal's PersonX has the name of the start's PersonY, False for PersonX, None for neither."""
    name = goal.get("PersonX", "").casefold()
    persons = {words.casefold(): person for person, words in start.items()}
    return {"PersonX": False, "PersonY": True}.get(persons.get(name, "")) if name else None


async def _match(event: str, walk: Walk) -> Match | None:
    """A stored event of the same meaning, with the same PersonX."""
    resources, question = walk.resources, walk.question
    if resources.judge is None:
        return None
    asked = Question(event=event, as_is=True, generated=walk.shows_generated, keep=question.keep)
    part = await near_duplicate(event, asked, ALL_RELATIONS, resources)
    if part.error is not None:
        walk.note(f"near_duplicate: {part.error}")
    if part.match is None or any(person != other for person, other in part.match.roles.items()):
        return None
    return part.match


async def _is_known(event: str, walk: Walk) -> bool:
    lookup = Lookup(event, ALL_RELATIONS, 1, generated=walk.shows_generated)
    return (await walk.resources.store.tails([lookup]))[0] is not None


async def _not_found(event: str, walk: Walk) -> EventNotFound:
    return EventNotFound(event, await nearest(event, walk.resources.store, generated=walk.shows_generated))
