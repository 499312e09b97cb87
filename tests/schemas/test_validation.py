"""Errors of pydantic in words for users, by means of settings and questions."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.errors import BadInput
from schemas.infer import Question
from schemas.match import MatchQuestion
from service.answering import match, questions
from service.settings import load_settings


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("device", "tpu", "auto, cpu, cuda or cuda:N"),
        ("engine_url", "vllm:8000", "a URL such as http://HOST:PORT/v1"),
        ("store", "", "a text"),
        ("port", "x", "a valid integer"),
        ("match", "maybe", "true or false"),
        ("log_format", "yaml", "one of json, text"),
    ],
)
def test_the_reason_fits_the_setting(field: str, value: str, allowed: str) -> None:
    with pytest.raises(BadInput) as caught:
        load_settings({field: value})
    [error] = caught.value.errors
    assert (error.field, error.value, error.allowed) == (field, value, allowed)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("PersonX waits"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize(
    ("checked", "fields"),
    [(questions.checked, Question.model_fields), (match.checked, MatchQuestion.model_fields)],
)
@settings(max_examples=50)
@given(data=st.data())
def test_any_json_is_a_question_or_an_error_of_its_fields(
    checked: Callable[[Any], object], fields: Mapping[str, object], data: st.DataObject
) -> None:
    names = [*fields, "colour"]
    value = data.draw(VALUES | st.dictionaries(st.sampled_from(names), VALUES, max_size=4))
    try:
        checked(value)
    except BadInput as error:
        for one in error.errors:
            assert one.field in {*names, "body", *(value if isinstance(value, dict) else ())}
            assert one.message.startswith(f"{one.field}: ")


@given(VALUES)
@example(7)
@example(["xWant"])
def test_the_reason_is_in_words_for_people_without_python(value: Any) -> None:
    for field in Question.model_fields:
        try:
            questions.checked({"event": "PersonX waits", field: value})
        except BadInput as error:
            for one in error.errors:
                assert one.allowed[0].islower()
                assert not any(word in one.allowed for word in ("nput", "rror", "tuple", "dict", "None", "instance"))
