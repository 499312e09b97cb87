"""Questions, checked in one way, and the decoding that they ask for."""

from typing import Any

from pydantic import ValidationError

from distill.engines.decoding import Decoding, decoding_of
from schemas.errors import BadInput
from schemas.infer import Question
from schemas.relations import RELATIONS
from schemas.validation import bad_input

_SAYS_HOW = frozenset({"decoding", "n", "temperature", "top_p", "max_new_tokens"})


def checked(said: Any) -> Question:
    """The question of a JSON value. Raises BadInput."""
    try:
        question = Question.model_validate(said)
    except ValidationError as error:
        raise bad_input(error.errors(), list(Question.model_fields)) from None
    if not _SAYS_HOW.isdisjoint(question.model_fields_set):
        decoding_for(question, "beam")
    if question.mode == "generate":
        for field, value in (("min_p_valid", question.min_p_valid), ("origin", question.origin or None)):
            if value is not None:
                raise BadInput.of(field, value, "left out with mode=generate: it chooses among what is stored")
    return question


def decoding_for(question: Question, default: str) -> Decoding:
    """How the student is to draw: as asked, by sampling where only its values are given, else the default.

    Raises BadInput where what is asked contradicts itself.
    """
    samples = question.temperature is not None or question.top_p is not None
    return decoding_of(
        question.decoding or ("sample" if samples else default),
        n=question.n,
        temperature=question.temperature,
        top_p=question.top_p,
        max_new_tokens=question.max_new_tokens,
    )


SOCIAL = tuple(name for name, info in RELATIONS.items() if info.group == "social")
"""What is written of an event where no relation is asked by name."""
