"""The judge does not care about the order of two events, nor about the names of its persons."""

from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from distill.judge.embedding_verbs import is_under_other_verb
from distill.judge.features import WIDTH, features
from distill.judge.inputs import MAX_TOKENS, open_tokenizer, with_first_names
from distill.judge.lexicon import OPPOSITES, PARTICLES
from distill.judge.pairs import read_pairs
from distill.judge.rules import difference, same_words, sides
from distill.judge.voice import active_form, one_form, swap_persons
from distill.weights.minilm import MINILM, folder_of
from schemas.events import persons
from tests.support.server import ROOT

PAIRS = ROOT / "distill" / "judge" / "data" / "pairs.tsv"
BOTH = ["PersonX", "PersonY"]
WORDS = [
    "PersonX", "PersonX's", "PersonY", "PersonY's", "asks", "the", "dog", "to", "sing", "gets", "a", "kiss", "from",
    "lets", "hug", "for", "adoption", "adopts",
]  # fmt: skip
events = st.lists(st.sampled_from(WORDS), min_size=1, max_size=9)
TEMPLATES = [
    "{a} hits {b}",
    "{a} is hit by {b} on Monday",
    "{a} gives a ring to {b}",
    "{a} gives {b} a ring",
    "{a} receives a ring from {b}",
    "{a} is younger than {b}",
    "{a} shows {a}'s ring to {b}",
    "{a} shows {b}'s ring to {b}",
]


def test_a_verdict_stays_if_both_persons_change_their_names() -> None:
    pairs = {(p.a, p.b) for p in read_pairs(PAIRS) if sorted(persons(p.a)) == sorted(persons(p.b)) == BOTH}
    assert len(pairs) > 1000
    other: list[str] = []
    for a, b in sorted(pairs)[::4]:
        one, two = (sides(a), sides(b)), (sides(swap_persons(a)), sides(swap_persons(b)))
        if (difference(*one) is None, same_words(*one)) != (difference(*two) is None, same_words(*two)):
            other.append(f"{a} | {b}: {difference(*one)}, swapped {difference(*two)}")
    assert other == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_forms_are_found_for_either_person(template: str) -> None:
    event = template.format(a="PersonX", b="PersonY")
    assert one_form(swap_persons(event)) == swap_persons(one_form(event))
    assert one_form(one_form(event)) == one_form(event)
    form, is_exchanged = active_form(swap_persons(event))
    assert form.startswith("PersonX ") or not is_exchanged
    assert active_form(form) == (form, False)


@given(events, events)
def test_a_verb_is_above_another_in_either_order(one: list[str], other: list[str]) -> None:
    a, b = tuple(one), tuple(other)
    assert is_under_other_verb(a, b) == is_under_other_verb(b, a)
    assert not is_under_other_verb(a, a)


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=40), st.text(max_size=40), st.floats(-1, 1, width=32))
@example("tide", "diet", 0.5)
@example("PersonX eats ___", "the dog", 0.95)
def test_features_are_the_same_in_either_order(one: str, other: str, similarity: float) -> None:
    a, b, cosines = [sides(one)], [sides(other)], np.array([similarity], np.float32)
    row = features(a, b, cosines)
    assert row.shape == (1, WIDTH)
    np.testing.assert_array_equal(row, features(b, a, cosines))
    assert np.isfinite(row).all()
    assert features(a, a, cosines)[0, 7] == 1


def test_no_word_is_its_own_opposite() -> None:
    for table in (OPPOSITES, PARTICLES):
        for word, others in table.items():
            assert word not in others
            assert all(word in table[other] for other in others)


def test_every_person_has_a_first_name_of_its_own() -> None:
    people = product([*BOTH, "PersonZ"], repeat=2)
    said = {with_first_names(f"{one}'s boss yells at {other}") for one, other in people}
    assert len(said) == 9
    assert not any("Person" in text for text in said)


def test_a_long_pair_keeps_both_events() -> None:
    tokenizer = open_tokenizer(folder_of(MINILM))
    encoded = tokenizer.encode("Alex sings " * 200, "Ben hums " * 200)
    assert len(encoded.ids) == MAX_TOKENS
    assert set(encoded.type_ids) == {0, 1}
