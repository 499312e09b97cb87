"""Triples as English sentences, in the third or first person. No model is loaded.

- statement, question, not_applicable: one head and relation.
- passage: triples of one or more heads.
- path: triples of which each begins where the last one ends.
"""

from collections.abc import Sequence
from itertools import groupby

from graph.verbalize.heads import Head, read_head
from graph.verbalize.people import UNNAMED, Cast
from graph.verbalize.prose import Prose, statement_alone
from graph.verbalize.templates import is_stated_by
from graph.verbalize.words import is_base, third
from schemas.relations import Relation

__all__ = ["Cast", "not_applicable", "passage", "path", "question", "statement"]

HeadRelationTail = tuple[str, Relation, str]


def statement(head: str, relation: Relation, tails: Sequence[str], cast: Cast) -> str:
    """A sentence of tails of one relation, or of `none`: the relation does not apply."""
    if len(tails) == 1:
        return statement_alone(head, relation, tails[0], cast)
    return passage([(head, relation, tail) for tail in tails], cast)


def question(head: str, relation: Relation, cast: Cast) -> str:
    """The question for the tails of a relation."""
    prose = Prose(cast)
    prose.question(read_head(head), relation)
    return prose.text


def not_applicable(head: str, relation: Relation, cast: Cast) -> str:
    """The sentence that a relation does not apply."""
    prose = Prose(cast)
    prose.not_applicable(read_head(head), relation)
    return prose.text


def passage(triples: Sequence[HeadRelationTail], cast: Cast) -> str:
    """A text of triples. Those of one head, and of one relation, stand together if they do in the input."""
    prose = Prose(cast)
    for head, of_head in groupby(triples, key=lambda triple: triple[0]):
        is_stated = False
        for relation, of_relation in groupby(of_head, key=lambda triple: triple[1]):
            tails = [tail for _, _, tail in of_relation]
            prose.statements(read_head(head), relation, tails, is_stated=is_stated)
            is_stated = True
    return prose.text


def path(hops: Sequence[HeadRelationTail], cast: Cast, swapped: Sequence[bool] = ()) -> str:
    """A text of a path. Each head is the tail before it, as an event.

    A tail that happens, such as an effect, is not told again. One that is wanted or needed is. A bare action as a later
    head is what PersonX does.

    swapped: for each hop True if its PersonX is PersonY of the cast, and its PersonY is PersonX.
    """
    casts = [cast]
    if any(swapped):
        casts = [cast.of_two(), cast.swapped()]
    prose = Prose(casts[0])
    is_stated = is_swapped = False
    for n, (head, relation, tail) in enumerate(hops):
        if swapped and swapped[n] != is_swapped:
            is_swapped = swapped[n]
            prose.take(casts[is_swapped])
        event = _of_person(read_head(head)) if n else read_head(head)
        if n and not is_stated:
            prose.event(event)
            is_stated = True
        prose.statements(event, relation, [tail], is_stated=is_stated)
        is_stated = is_stated_by(relation)
    return prose.text.replace(UNNAMED, "Person")


def _of_person(head: Head) -> Head:
    """A bare action as what PersonX does: "eat" → "PersonX eats". Here "a rest" is a thing, and "rest" is none."""
    verb, *rest = head.text.split(" ")
    if head.kind == "clause" or not is_base(verb):
        return head
    return read_head(" ".join(["PersonX", third(verb), *rest]))
