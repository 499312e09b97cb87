"""Validation of questions, and their decoding."""

from typing import Any

from pydantic import ValidationError

from distill.engines.decoding import Decoding, decoding_of
from schemas.errors import BadInput
from schemas.infer import Question
from schemas.relations import RELATIONS
from schemas.validation import bad_input

_DECODING_FIELDS = frozenset({"decoding", "n", "temperature", "top_p", "max_new_tokens"})


def checked(value: Any) -> Question:
    """The question of a JSON value. Raises BadInput."""
    try:
        question = Question.model_validate(value)
    except ValidationError as error:
        raise bad_input(error.errors(), list(Question.model_fields)) from None
    if not _DECODING_FIELDS.isdisjoint(question.model_fields_set):
        decoding_for(question, "beam")
    if question.mode == "generate" and question.origin:
        message = "origin: with mode=generate there is nothing to filter; all inferences come from the student"
        raise BadInput.of("origin", question.origin, "left out with mode=generate", message)
    return question


def decoding_for(question: Question, default: str) -> Decoding:
    """The decoding of a question. Without a name, `temperature` and `top_p` mean sampling, else the default holds.

    Raises BadInput for contradicting fields.
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
"""The relations to generate for a question without relations."""
