"""Prompt forms: every question has a prompt of its own, and a tail comes back as it was written."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.student.postprocess import clean_tail
from distill.student.prompts import FORMS, form_named
from schemas.errors import BadInput
from schemas.events import canonical
from schemas.relations import Relation

words = st.lists(st.from_regex(r"[a-z]{2,8}", fullmatch=True), min_size=1, max_size=6).map(" ".join)
FORM_NAMES = st.sampled_from(sorted(FORMS))
RELATIONS = st.sampled_from(list(Relation))


@pytest.mark.parametrize("name", FORMS)
def test_every_relation_has_its_own_prompt(name: str) -> None:
    prompts = {form_named(name).write("PersonX waits", relation) for relation in Relation}
    assert len(prompts) == len(Relation)


@given(FORM_NAMES, words, words, RELATIONS, RELATIONS)
def test_two_questions_never_share_a_prompt(name: str, one: str, other: str, a: Relation, b: Relation) -> None:
    form, event, stored = FORMS[name], canonical(f"PersonX {one}"), canonical(f"PersonX {other}")
    assert event in form.write(event, a)
    assert (form.write(event, a) == form.write(stored, b)) == ((event, a) == (stored, b))


@given(FORM_NAMES, words, st.sampled_from(["", " ", "."]))
def test_a_tail_survives_its_marks(name: str, tail: str, end: str) -> None:
    form = FORMS[name]
    assert clean_tail(form.before_tail + tail + end + form.stops[-1] + "more", form.stops) == tail


@pytest.mark.parametrize("name", FORMS)
def test_a_form_travels_by_its_name(name: str) -> None:
    assert pickle.loads(pickle.dumps(FORMS[name])) is FORMS[name]


def test_an_unknown_form_is_told_the_known_ones() -> None:
    with pytest.raises(BadInput, match="prompt_form.*" + ", ".join(FORMS)):
        form_named("letters")
