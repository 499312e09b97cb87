"""The sentences of an answer."""

from graph.verbalize import Cast, not_applicable, statement
from schemas.infer import Answer
from schemas.triples import View


def add_sentences(answer: Answer, view: View) -> None:
    """Add a sentence to each inference and for each relation that does not apply. Blocks."""
    cast = Cast(view, answer.roles)
    for inference in answer.inferences:
        inference.sentence = statement(answer.event, inference.relation, [inference.tail], cast)
    answer.not_applicable_sentences = {
        relation: not_applicable(answer.event, relation, cast) for relation in answer.not_applicable
    }
