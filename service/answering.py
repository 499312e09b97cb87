"""The ladder: how a question becomes an answer. Nothing else decides where an answer comes from."""

import time
from collections.abc import Sequence
from typing import Any

from graph.store import Lookup, Search, Store, Tails
from graph.words import search_words
from schemas.errors import CometgraphError, EventNotFound
from schemas.events import parse_event
from schemas.questions import MAX_LIMIT, Answer, EventCard, Inference, Match, Question, Said
from schemas.relations import RELATIONS
from schemas.triples import Triple
from service.asked import checked
from service.house import House

NEAREST = 5
_ALL = tuple(RELATIONS)


async def answer(question: Question, house: House) -> Answer:
    """Normalise the event, then the exact match in the graph.

    Raises BadInput for what is no event, EventNotFound for an event that no rung knows.
    """
    started = time.perf_counter()
    event = parse_event(question.event)
    [tails] = await house.store.tails([_lookup(event, question)])
    if tails is None:
        raise EventNotFound(event, await nearest(event, house.store))
    return _from_graph(event, tails, started)


async def answer_all(said: Sequence[Any], house: House) -> list[Answer | CometgraphError]:
    """An answer for each JSON value that should be a question, in order; or what went wrong with it."""
    started = time.perf_counter()
    results: list[Answer | CometgraphError | None] = []
    lookups: list[Lookup] = []
    for one in said:
        try:
            question = checked(one)
            lookups.append(_lookup(parse_event(question.event), question))
            results.append(None)
        except CometgraphError as error:
            results.append(error)
    found = zip(lookups, await house.store.tails(lookups), strict=True)
    return [_found(*next(found), started) if result is None else result for result in results]


def _found(lookup: Lookup, tails: Tails | None, started: float) -> Answer | CometgraphError:
    return EventNotFound(lookup.event) if tails is None else _from_graph(lookup.event, tails, started)


async def card(text: str, house: House) -> EventCard:
    """All that the graph says of an event, by relation. Raises BadInput, EventNotFound."""
    event = parse_event(text)
    [tails] = await house.store.tails([Lookup(event, _ALL, MAX_LIMIT)])
    if tails is None:
        raise EventNotFound(event, await nearest(event, house.store))
    said = {relation: Said(relation not in tails.not_applicable, []) for relation in _ALL}
    for triple in tails.triples:
        said[triple.relation].inferences.append(_inference(triple))
    return EventCard(event, {r: s for r, s in said.items() if s.inferences or not s.applies})


async def nearest(event: str, store: Store) -> list[str]:
    """Known events that share words with this one, best first."""
    words = search_words(event)
    return await store.events(Search(NEAREST, words=words)) if words else []


def _lookup(event: str, question: Question) -> Lookup:
    return Lookup(event, question.relation or _ALL, question.limit, question.min_p_valid, question.origin)


def _from_graph(event: str, tails: Tails, started: float) -> Answer:
    return Answer(
        event=event,
        source="graph",
        match=Match(event, 1.0),
        inferences=[_inference(triple) for triple in tails.triples],
        not_applicable=tails.not_applicable,
        took_ms=round((time.perf_counter() - started) * 1000, 3),
    )


def _inference(triple: Triple) -> Inference:
    return Inference(triple.relation, triple.tail, triple.p_valid, "graph", triple.origins, triple.split)
