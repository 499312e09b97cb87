"""The rung between the graph and the student: another stored event that means the same as the asked one.

The index proposes by vectors, the text index by words; the judge decides. A text in which PersonY acts on PersonX is
looked for with the two exchanged, and answered for the right person.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from distill.judge.judge import Verdict
from distill.judge.voice import active_form, giving_form, swap_persons
from graph.stores.protocol import Lookup, Search, Store, Tails
from graph.stores.search_terms import search_words
from schemas.infer import Match, Question
from schemas.relations import Relation
from service.runtime.judge import JudgeRuntime

NEAREST = 10
"""Events that the index proposes."""
BY_WORDS = 6
"""Events that the words propose besides."""

_PERSON = re.compile("Person[XYZ]")
_SWAPPED = {
    Relation.xReact: Relation.oReact,
    Relation.xWant: Relation.oWant,
    Relation.xEffect: Relation.oEffect,
    Relation.oReact: Relation.xReact,
    Relation.oWant: Relation.xWant,
    Relation.oEffect: Relation.xEffect,
}
_EVENT_RELATIONS = (Relation.isAfter, Relation.isBefore, Relation.HinderedBy, Relation.Causes, Relation.HasSubEvent)


@dataclass(frozen=True, slots=True)
class Found:
    """The stored event that answers, what it says in the asked event's terms, and all that were considered."""

    match: Match | None
    tails: Tails
    considered: Sequence[Verdict]


async def find_same(
    event: str, question: Question, wanted: Sequence[Relation], store: Store, judge: JudgeRuntime, *, remember: bool
) -> Found:
    """The likeliest same event that says something of the wanted relations. Raises Unavailable, Overloaded.

    remember: the event's vector may stay in memory.
    """
    looked_for, is_exchanged = active_form(event)
    found = await _find(event, looked_for, is_exchanged, question, wanted, store, judge, remember=remember)
    given = giving_form(event)
    if found.match is None and given is not None:
        other = await _find(event, given, True, question, wanted, store, judge, remember=remember)
        return other if other.match is not None else found
    return found


async def _find(
    event: str,
    looked_for: str,
    is_exchanged: bool,
    question: Question,
    wanted: Sequence[Relation],
    store: Store,
    judge: JudgeRuntime,
    *,
    remember: bool,
) -> Found:
    relations = {r: _exchanged(r) if is_exchanged else r for r in wanted}
    relations = {asked: stored for asked, stored in relations.items() if stored is not None}
    verdicts = await consider(looked_for, NEAREST, store, judge, generated=question.generated, remember=remember)
    # The asked event itself is the graph's rung; it is no other event that means the same.
    verdicts = [v for v in verdicts if v.event != event and (is_exchanged or v.event != looked_for)]
    least = judge.model.value.about.threshold if question.threshold is None else question.threshold
    verdicts = [replace(v, same=v.confidence >= least and v.confidence > 0) for v in verdicts]
    for verdict in verdicts:
        if not verdict.same or not relations:
            break
        [tails] = await store.tails([_lookup(verdict.event, tuple(relations.values()), question)])
        if tails is not None and (tails.triples or tails.not_applicable):
            scores = (round(verdict.similarity, 4), round(verdict.confidence, 4))
            match = Match(verdict.event, *scores, _roles(verdict.event, is_exchanged))
            return Found(match, _told(event, tails, relations, is_exchanged), verdicts)
    return Found(None, Tails(missing=list(wanted)), verdicts)


async def consider(
    event: str, k: int, store: Store, judge: JudgeRuntime, *, generated: bool, remember: bool
) -> list[Verdict]:
    """At most `k` stored events like this one, judged, the likeliest to be the same first.

    generated: also those of which only students spoke. remember: the event's vector may stay in memory.
    """
    by_words = _by_words(event, min(k, BY_WORDS), store, generated)
    candidates = await judge.candidates(event, k, by_words, generated=generated, remember=remember)
    return (await judge.verdicts(event, candidates))[:k]


async def _by_words(event: str, limit: int, store: Store, generated: bool) -> Sequence[str]:
    words = search_words(event)
    return await store.events(Search(limit, words=words, generated=generated)) if words else []


def _exchanged(relation: Relation) -> Relation | None:
    """The relation in which a stored event says of PersonX what the exchanged one says of PersonY; None: in none."""
    if relation in _EVENT_RELATIONS:
        return relation
    return _SWAPPED.get(relation)


def _lookup(event: str, relations: tuple[Relation, ...], question: Question) -> Lookup:
    return Lookup(event, relations, question.limit, question.min_p_valid, question.origin, question.generated)


def _told(event: str, tails: Tails, relations: dict[Relation, Relation], is_exchanged: bool) -> Tails:
    """What a stored event says, as said of the asked one."""
    asked = {stored: relation for relation, stored in relations.items()}
    triples = [
        t._replace(head=event, relation=asked[t.relation], tail=swap_persons(t.tail) if is_exchanged else t.tail)
        for t in tails.triples
    ]
    return Tails(
        triples,
        [asked[relation] for relation in tails.not_applicable],
        [asked[relation] for relation in tails.missing],
        [asked[relation] for relation in tails.generated],
    )


def _roles(stored: str, is_exchanged: bool) -> dict[str, str]:
    """Who of the stored event is whom of the asked one."""
    return {
        person: swap_persons(person) if is_exchanged else person for person in dict.fromkeys(_PERSON.findall(stored))
    }
