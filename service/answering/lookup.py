"""Questions looked up in the graph, and known events like an unknown one."""

from collections.abc import Sequence

from graph.stores.protocol import Lookup, Search, Store, Tails
from graph.stores.search_terms import search_words
from schemas.errors import CometgraphError, EventNotFound
from schemas.infer import Question
from schemas.relations import RELATIONS
from service.runtime.normalizer import NormalizedQuestion, as_it_is
from service.runtime.resources import Resources

ALL_RELATIONS = tuple(RELATIONS)
NEAREST = 5

LookupResult = tuple[NormalizedQuestion, Tails | None] | CometgraphError
"""The event of a question and its stored triples, None for an unknown event. Or an error, such as BadInput."""


async def look_up(questions: Sequence[Question], resources: Resources) -> list[LookupResult]:
    """The result of each question, in order.

    A text is first looked up verbatim, as most events are stored so. An unknown text is normalized, and looked up once
    more if that changes it. A question for one clause is always normalized.

    Raises StoreUnavailable.
    """
    results = await _tails({n: _verbatim(question) for n, question in enumerate(questions)}, questions, resources.store)
    changed: dict[int, NormalizedQuestion | CometgraphError] = {}
    for n, question in enumerate(questions):
        result = results[n]
        if isinstance(result, CometgraphError) or question.as_is or (result[1] is not None and question.clause is None):
            continue
        event = await _normalized(question, resources)
        if not isinstance(event, CometgraphError) and event.event == result[0].event:
            results[n] = (event, result[1])
        else:
            changed[n] = event
    if changed:
        results |= await _tails(changed, questions, resources.store)
    return [results[n] for n in range(len(questions))]


async def event_not_found(event: str, question: Question, store: Store) -> EventNotFound:
    """The 404 of a question, with events to ask for in its place.

    A near-duplicate is never recommended by its words: only the judge can tell.
    """
    if question.mode == "near_duplicate":
        return EventNotFound(event)
    generated = question.generated and question.mode != "graph"
    return EventNotFound(event, await nearest(event, store, generated=generated))


async def nearest(event: str, store: Store, *, generated: bool) -> list[str]:
    """Other known events with a word of this one, best first. generated: include events known from students alone."""
    words = search_words(event)
    events = await store.events(Search(NEAREST + 1, words=words, generated=generated)) if words else []
    return [other for other in events if other != event][:NEAREST]


def _verbatim(question: Question) -> NormalizedQuestion | CometgraphError:
    try:
        return as_it_is(question.event)
    except CometgraphError as error:
        return error


async def _normalized(question: Question, resources: Resources) -> NormalizedQuestion | CometgraphError:
    try:
        return await resources.normalizer.read(question.event, question.clause)
    except CometgraphError as error:
        return error


async def _tails(
    events: dict[int, NormalizedQuestion | CometgraphError], questions: Sequence[Question], store: Store
) -> dict[int, LookupResult]:
    """The results of some events, by their places among the questions. Errors stay as they are."""
    lookups = {
        n: _lookup(event.event, questions[n]) for n, event in events.items() if not isinstance(event, CometgraphError)
    }
    tails = dict(zip(lookups, await store.tails(list(lookups.values())), strict=True)) if lookups else {}
    return {n: event if isinstance(event, CometgraphError) else (event, tails[n]) for n, event in events.items()}


def _lookup(event: str, question: Question) -> Lookup:
    return Lookup(
        event,
        question.relation or ALL_RELATIONS,
        question.limit,
        question.min_p_valid,
        question.origin,
        generated=question.mode != "graph",
        order=question.order,
    )
