"""The source between graph and student: another stored event with the same meaning.

The retriever finds candidates by vectors, the text index by words. The judge decides. An event with PersonY as the
agent and PersonX as the other is looked for with the two persons swapped, and the answer is swapped back.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from distill.judge.judge import Candidate, Verdict
from distill.judge.voice import active_form, giving_form, swap_persons
from graph.stores.protocol import Lookup, Search, Store, Tails
from graph.stores.search_terms import search_words
from schemas.errors import CometgraphError
from schemas.events import persons
from schemas.infer import Match, Question
from schemas.relations import RELATIONS, Relation
from service.answering.compose import PartialAnswer
from service.answering.lookup import ALL_RELATIONS
from service.answering.privacy import is_private
from service.runtime.resources import Resources

BY_VECTOR = 10
"""Candidates by vector for each question."""
BY_WORDS = 6
"""Further candidates by words, at most."""

_SWAPPED = {
    Relation.xReact: Relation.oReact,
    Relation.xWant: Relation.oWant,
    Relation.xEffect: Relation.oEffect,
    Relation.oReact: Relation.xReact,
    Relation.oWant: Relation.xWant,
    Relation.oEffect: Relation.xEffect,
}
_EVENT_RELATIONS = tuple(name for name, info in RELATIONS.items() if (info.group, info.whose) == ("event", "thing"))
"""They say something of the event itself: the same whichever person is PersonX."""


async def near_duplicate(
    event: str, question: Question, missing: tuple[Relation, ...], resources: Resources
) -> PartialAnswer:
    """The inferences of the likeliest same event with any for the missing relations, or the error."""
    try:
        return await _answer(event, question, missing, resources)
    except CometgraphError as error:
        relations = () if len(missing) == len(ALL_RELATIONS) else missing
        return PartialAnswer("near_duplicate", relations=relations, error=error)


async def _answer(event: str, question: Question, missing: tuple[Relation, ...], resources: Resources) -> PartialAnswer:
    """A search for the event in the active voice, then for an event of receiving in its form of giving."""
    search, is_swapped = active_form(event)
    part = await _search(event, search, is_swapped, question, missing, resources)
    giving = giving_form(event)
    if part.match is None and giving is not None:
        other = await _search(event, giving, True, question, missing, resources)
        return other if other.match is not None else part
    return part


async def _search(
    event: str,
    search: str,
    is_swapped: bool,
    question: Question,
    missing: tuple[Relation, ...],
    resources: Resources,
) -> PartialAnswer:
    assert resources.judge is not None
    verdicts = await judged_candidates(
        search,
        BY_VECTOR,
        resources,
        generated=question.generated,
        remember=not is_private(question, keeps=resources.keeps),
    )
    # The event itself is the graph's to answer. Its swapped form is another event.
    verdicts = [v for v in verdicts if v.event != event and (is_swapped or v.event != search)]
    threshold = resources.judge.model.value.about.threshold if question.threshold is None else question.threshold
    verdicts = [replace(v, same=v.confidence >= threshold and v.confidence > 0) for v in verdicts]
    relations = _stored_relations(missing, is_swapped)
    for verdict in verdicts:
        if not verdict.same or not relations:
            break
        [tails] = await resources.store.tails([_lookup(verdict.event, tuple(relations), question)])
        if tails is not None and (tails.triples or tails.not_applicable):
            return _partial_answer(event, verdict, tails, relations, is_swapped, verdicts)
    return PartialAnswer("near_duplicate", considered=verdicts)


async def judged_candidates(
    event: str, k: int, resources: Resources, *, generated: bool, remember: bool
) -> list[Verdict]:
    """At most `k` stored events like this one with the judge's verdicts, the likeliest to be the same first.

    event: text to compare with.
    generated: include events known from students alone.
    remember: the vector of the event may stay in memory.

    Raises Unavailable, Overloaded.
    """
    assert resources.judge is not None
    candidates = await _candidates(event, k, resources, generated=generated, remember=remember)
    return (await resources.judge.verdicts(event, candidates))[:k]


async def _candidates(event: str, k: int, resources: Resources, *, generated: bool, remember: bool) -> list[Candidate]:
    """The `k` nearest events by vector, then the best by words, each once."""
    retriever = resources.retriever
    assert retriever is not None
    [neighbors], by_words = await asyncio.gather(
        retriever.near([event], k, generated=generated, remember=remember),
        _by_words(event, min(k, BY_WORDS), resources.store, generated=generated),
    )
    similarity = {neighbor.event: neighbor.similarity for neighbor in neighbors}
    more = [text for text in dict.fromkeys(by_words) if text not in similarity]
    if more:
        similarity |= zip(more, await retriever.similarities(event, more, remember=remember), strict=True)
    return [Candidate(text, value) for text, value in similarity.items()]


async def _by_words(event: str, limit: int, store: Store, *, generated: bool) -> Sequence[str]:
    words = search_words(event)
    return await store.events(Search(limit, words=words, generated=generated)) if words else []


def _stored_relations(missing: Sequence[Relation], is_swapped: bool) -> dict[Relation, Relation]:
    """The relations to look up, each with the missing relation that it answers. Some have no swapped form."""
    if not is_swapped:
        return {relation: relation for relation in missing}
    swapped = {relation: relation for relation in _EVENT_RELATIONS} | _SWAPPED
    return {swapped[relation]: relation for relation in missing if relation in swapped}


def _lookup(event: str, relations: tuple[Relation, ...], question: Question) -> Lookup:
    return Lookup(
        event, relations, question.limit, question.min_p_valid, question.origin, question.generated, question.order
    )


def _partial_answer(
    event: str,
    verdict: Verdict,
    tails: Tails,
    relations: dict[Relation, Relation],
    is_swapped: bool,
    verdicts: Sequence[Verdict],
) -> PartialAnswer:
    """The inferences of a stored event, in terms of the question's event."""
    triples = [
        t._replace(head=event, relation=relations[t.relation], tail=swap_persons(t.tail) if is_swapped else t.tail)
        for t in tails.triples
    ]
    match = Match(
        verdict.event,
        round(verdict.similarity, 4),
        round(verdict.confidence, 4),
        _roles(verdict.event, is_swapped),
    )
    not_applicable = [relations[relation] for relation in tails.not_applicable]
    return PartialAnswer("near_duplicate", triples, not_applicable, match=match, considered=verdicts)


def _roles(stored: str, is_swapped: bool) -> dict[str, str]:
    """The person of the question's event for each person of the stored event."""
    return {person: swap_persons(person) if is_swapped else person for person in persons(stored)}
