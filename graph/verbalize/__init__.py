"""Triples as English sentences, in the third or first person. No model is loaded.

- statement, question, not_applicable: one head and relation.
- passage: triples of one or more heads.
- path: triples of which each begins where the last one ends.
"""

from collections.abc import Sequence
from itertools import groupby

from graph.verbalize.heads import read_head
from graph.verbalize.people import Cast
from graph.verbalize.telling import Telling, told_alone
from graph.verbalize.templates import is_told_by
from schemas.relations import Relation

__all__ = ["Cast", "not_applicable", "passage", "path", "question", "statement"]

HeadRelationTail = tuple[str, Relation, str]


def statement(head: str, relation: Relation, tails: Sequence[str], cast: Cast) -> str:
    """A sentence of tails of one relation, or of `none`: the relation does not apply."""
    if len(tails) == 1:
        return told_alone(head, relation, tails[0], cast)
    return passage([(head, relation, tail) for tail in tails], cast)


def question(head: str, relation: Relation, cast: Cast) -> str:
    """The question for the tails of a relation."""
    telling = Telling(cast)
    telling.question(read_head(head), relation)
    return telling.text


def not_applicable(head: str, relation: Relation, cast: Cast) -> str:
    """The sentence that a relation does not apply."""
    telling = Telling(cast)
    telling.not_applicable(read_head(head), relation)
    return telling.text


def passage(triples: Sequence[HeadRelationTail], cast: Cast) -> str:
    """A text of triples. Those of one head, and of one relation, stand together if they do in the input."""
    telling = Telling(cast)
    for head, of_head in groupby(triples, key=lambda triple: triple[0]):
        is_told = False
        for relation, of_relation in groupby(of_head, key=lambda triple: triple[1]):
            tails = [tail for _, _, tail in of_relation]
            telling.statements(read_head(head), relation, tails, is_told=is_told)
            is_told = True
    return telling.text


def path(hops: Sequence[HeadRelationTail], cast: Cast) -> str:
    """A text of a path. Each head is the tail before it, as an event.

    A tail that happens, such as an effect, is not told again. One that is wanted or needed is.
    """
    telling = Telling(cast)
    is_told = False
    for n, (head, relation, tail) in enumerate(hops):
        event = read_head(head)
        if n and not is_told:
            telling.event(event)
            is_told = True
        telling.statements(event, relation, [tail], is_told=is_told)
        is_told = is_told_by(relation)
    return telling.text
