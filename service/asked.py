"""Questions as they come, from a query string or a JSON object, checked in one way."""

from typing import Any
from urllib.parse import unquote_plus

from pydantic import ValidationError

from distill.decoding import Decoding, decoding_of
from schemas.checking import bad_input
from schemas.errors import BadInput
from schemas.questions import Question

_MANY = frozenset({"relation", "origin"})
_SAYS_HOW = frozenset({"decoding", "n", "temperature", "top_p", "max_new_tokens"})


def question_of(query: bytes) -> Question:
    """The question of a query string. Raises BadInput.

    The same as a FastAPI query model, at a sixth of its time, which counts on the route that is asked most.
    """
    params: dict[str, Any] = {}
    for pair in query.decode("latin-1").split("&"):
        name, _, value = pair.partition("=")
        name, value = unquote_plus(name), unquote_plus(value)
        if name in _MANY:
            params.setdefault(name, []).append(value)
        elif name in params:
            raise BadInput.of(name, value, "given once only")
        elif pair:
            params[name] = value
    return checked(params)


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
