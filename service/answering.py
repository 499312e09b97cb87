"""The ladder: how a question becomes an answer. Nothing else decides where an answer comes from."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from distill.decoding import Decoding
from distill.plausible import check_plausible
from distill.tails import Written
from graph.store import Lookup, Search, Store, Tails
from graph.words import search_words
from schemas.errors import CometgraphError, EventNotFound, NoStudent
from schemas.events import parse_event
from schemas.questions import MAX_LIMIT, Answer, EventCard, Question, Said
from schemas.relations import RELATIONS, Relation
from schemas.triples import NONE, Triple
from service.asked import checked, decoding_for
from service.composing import Part, compose, inference
from service.gone import Gone, unless
from service.house import House

NEAREST = 5
_ALL = tuple(RELATIONS)
_SOCIAL = tuple(name for name, info in RELATIONS.items() if info.group == "social")


async def answer(question: Question, house: House, gone: Gone | None = None) -> Answer:
    """Normalise the event, look it up in the graph, have the student write what is missing there.

    Raises BadInput for what is no event, EventNotFound for an event that no rung knows, Unavailable and Overloaded
    where the rung that is needed is not there now. What nobody waits for any more, as `gone` tells, is not written.
    """
    started = time.perf_counter()
    event = parse_event(question.event)
    [tails] = await house.store.tails([_lookup(event, question)])
    wanted = _left_to_write(question, tails, house)
    if wanted:
        parts = await unless(gone, _all(climb(event, question, tails, wanted, house)))
    elif tails is None:
        raise EventNotFound(event, await nearest(event, house.store))
    else:
        parts = [_stored(tails)]
    return compose(event, question, parts, started)


async def answer_all(said: Sequence[Any], house: House, gone: Gone | None = None) -> list[Answer | CometgraphError]:
    """An answer for each JSON value that should be a question, in order; or what went wrong with it."""
    started = time.perf_counter()
    results: list[Answer | CometgraphError | None] = []
    asked: list[tuple[str, Question]] = []
    for one in said:
        try:
            question = checked(one)
            if question.mode == "generate" and house.generation is None:
                raise NoStudent
            asked.append((parse_event(question.event), question))
            results.append(None)
        except CometgraphError as error:
            results.append(error)
    known = await house.store.tails([_lookup(*one) for one in asked])
    left = [_left_to_write(question, tails, house) for (_, question), tails in zip(asked, known, strict=True)]
    room = _room(max(map(len, left), default=0), house)

    async def one(
        event: str, question: Question, tails: Tails | None, wanted: tuple[Relation, ...]
    ) -> Answer | CometgraphError:
        try:
            if wanted:
                async with room:
                    parts = await _all(climb(event, question, tails, wanted, house))
            elif tails is None:
                return EventNotFound(event)
            else:
                parts = [_stored(tails)]
            return compose(event, question, parts, started)
        except CometgraphError as error:
            return error

    every = asyncio.gather(*(one(*ask, tails, wanted) for ask, tails, wanted in zip(asked, known, left, strict=True)))
    found = iter(await unless(gone, every))
    return [next(found) if result is None else result for result in results]


def _room(most: int, house: House) -> asyncio.Semaphore:
    """So many questions of a batch, each of `most` relations, are with the student at once that half its queue is left.

    The others wait outside: who asks for much waits longer, and is not refused.
    """
    limit = house.generation.batcher.limit if house.generation is not None else 1
    return asyncio.Semaphore(max(1, limit // 2 // max(1, most)))


async def stream(question: Question, house: House) -> AsyncGenerator[Part | Answer]:
    """The same rung by rung and relation by relation, as they are done; the whole answer comes last."""
    started = time.perf_counter()
    event = parse_event(question.event)
    [tails] = await house.store.tails([_lookup(event, question)])
    wanted = _left_to_write(question, tails, house)
    if tails is None and not wanted:
        raise EventNotFound(event, await nearest(event, house.store))
    parts: list[Part] = []
    async for part in climb(event, question, tails, wanted, house):
        parts.append(part)
        yield part
    yield compose(event, question, parts, started)


async def climb(
    event: str, question: Question, tails: Tails | None, wanted: tuple[Relation, ...], house: House
) -> AsyncGenerator[Part]:
    """What each rung says, as it says it: the exact match in the graph, then the student for what is wanted of it."""
    if tails is not None and question.mode != "generate":
        yield _stored(tails)
    if wanted:
        async for part in _generate(event, question, wanted, is_known=tails is not None, house=house):
            yield part


async def _all(parts: AsyncGenerator[Part]) -> list[Part]:
    return [part async for part in parts]


def _stored(tails: Tails) -> Part:
    return Part(tails.triples, tails.not_applicable, stored=True, is_generated=bool(tails.generated))


def _left_to_write(question: Question, tails: Tails | None, house: House) -> tuple[Relation, ...]:
    """The relations for which the student is asked.

    A known event lacks what was asked by name and is not stored. One that no data set knows gets the social relations
    where none was named. Filters by score and origin ask for what is stored. Raises NoStudent.
    """
    if house.generation is None:
        if question.mode == "generate":
            raise NoStudent
        return ()
    if question.mode == "graph":
        return ()
    if question.mode == "generate":
        return question.relation or _SOCIAL
    if question.min_p_valid is not None or question.origin:
        return ()
    if tails is None:
        return question.relation or _SOCIAL
    if question.relation:
        return tuple(tails.missing)
    is_generated = tails.generated and len(tails.generated) + len(tails.missing) == len(_ALL)
    return tuple(relation for relation in _SOCIAL if relation in tails.missing) if is_generated else ()


async def _generate(
    event: str, question: Question, wanted: tuple[Relation, ...], *, is_known: bool, house: House
) -> AsyncGenerator[Part]:
    """What the student writes, relation by relation as it is done, kept in the store."""
    generation = house.generation
    assert generation is not None
    try:
        if not is_known:
            check_plausible(event)
        decoding = decoding_for(question, house.decoding)
        comet = await generation.ready(decoding.method)
        if question.relation:
            comet.knows(wanted)
        else:
            wanted = tuple(relation for relation in wanted if relation in comet.relations)
            comet.knows(wanted or _SOCIAL[:1])
        generation.batcher.room_for(len(wanted))
    except CometgraphError as error:
        yield Part(error=error, relations=wanted)
        return
    draw = random.getrandbits(32)
    writing = [asyncio.ensure_future(_write(event, r, question, decoding, draw, house)) for r in wanted]
    try:
        for done in asyncio.as_completed(writing):
            yield await done
    finally:
        for task in writing:
            task.cancel()


async def _write(
    event: str, relation: Relation, question: Question, decoding: Decoding, draw: int, house: House
) -> Part:
    generation = house.generation
    assert generation is not None
    try:
        written, seed = await generation.write(event, relation, decoding, question.seed, draw)
    except CometgraphError as error:
        return Part(error=error, relations=(relation,))
    triples = _triples(event, relation, written, generation.comet.origin)
    part = Part(
        [t for t in triples if t.tail != NONE],
        [] if written.applies else [relation],
        relations=(relation,),
        comet=generation.comet,
        decoding=decoding,
        seed=seed,
    )
    try:
        if written.is_cut:
            part.skipped = f"keep {relation}: cut off at max_new_tokens={decoding.max_new_tokens}"
        else:
            await house.keep(triples)
    except CometgraphError as error:
        part.skipped = f"keep: {error}"
    return part


def _triples(event: str, relation: Relation, written: Written, origin: str) -> list[Triple]:
    if not written.applies:
        return [Triple(event, relation, NONE, origins=(origin,), log_prob=written.none_log_prob)]
    return [Triple(event, relation, t.text, origins=(origin,), log_prob=t.log_prob) for t in written.tails]


async def card(text: str, house: House) -> EventCard:
    """All that is stored of an event, by relation. Raises BadInput, EventNotFound."""
    event = parse_event(text)
    [tails] = await house.store.tails([Lookup(event, _ALL, MAX_LIMIT, generated=True)])
    if tails is None:
        raise EventNotFound(event, await nearest(event, house.store))
    said = {relation: Said(relation not in tails.not_applicable, []) for relation in _ALL}
    for triple in tails.triples:
        one = said[triple.relation].inferences
        one.append(inference(triple, len(one) + 1, stored=True))
    return EventCard(event, {r: s for r, s in said.items() if s.inferences or not s.applies})


async def nearest(event: str, store: Store) -> list[str]:
    """Known events that share words with this one, best first."""
    words = search_words(event)
    return await store.events(Search(NEAREST, words=words)) if words else []


def _lookup(event: str, question: Question) -> Lookup:
    return Lookup(
        event,
        question.relation or _ALL,
        question.limit,
        question.min_p_valid,
        question.origin,
        generated=question.mode != "graph",
    )
