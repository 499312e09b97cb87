"""Names in place of persons, and back."""

import random

from hypothesis import given
from hypothesis import strategies as st

from distill.first_names import NAMES, drawn, with_names, with_persons

PERSONS = st.sampled_from(["PersonX", "PersonY", "PersonX's", "PersonZ"])
WORDS = st.sampled_from(["hits", "the", "dog", "Alexander", "Samuel's", "robins", "to", "leeward", "Personal"])


@given(st.lists(st.one_of(PERSONS, WORDS), min_size=1, max_size=12), st.integers(0, 1000))
def test_a_text_with_names_comes_back(words: list[str], seed: int) -> None:
    text = " ".join(words)
    names = drawn(text, random.Random(seed))
    named = with_names(text, names)
    assert not any(person in named.replace("Personal", "") for person in ("PersonX", "PersonY", "PersonZ"))
    assert with_persons(named, names) == text


@given(st.integers(0, 1000))
def test_persons_have_different_names(seed: int) -> None:
    names = drawn("PersonX hits PersonY", random.Random(seed))
    assert len(set(names.values())) == 3


def test_a_name_in_the_event_is_not_drawn() -> None:
    for seed in range(200):
        assert "Sam" not in drawn("PersonX visits Uncle Sam", random.Random(seed)).values()


def test_a_name_inside_of_a_word_stays() -> None:
    names = {"PersonX": "Alex", "PersonY": "Sam", "PersonZ": "Lee"}
    assert (
        with_persons("Alexander sees Alex's samples and Sam", names) == "Alexander sees PersonX's samples and PersonY"
    )


def test_no_name_is_listed_twice() -> None:
    assert len(set(NAMES)) == len(NAMES)
