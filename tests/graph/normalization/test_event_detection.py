"""Events that pass as they are, by their words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.normalization.event_detection import is_about_facts, is_event, is_past

words = st.lists(st.from_regex(r"[a-z]{3,8}", fullmatch=True), min_size=2, max_size=6).map(" ".join)


@given(st.text(max_size=60), st.sampled_from(["PersonX", "PersonY's", "PersonZ"]), st.text(max_size=60))
def test_a_text_with_a_person_is_an_event(before: str, person: str, after: str) -> None:
    assert is_event(f"{before} {person} {after}")


@given(words)
def test_a_question_and_a_capital_are_no_event(text: str) -> None:
    assert not is_event(text + "?")
    assert not is_event(text.capitalize())
    assert not is_event(f"@{text}")
    assert not is_event(f"{text} PersonXavier")


@pytest.mark.parametrize(
    "text", ["dogs barked", "battery powered radio", "the dog barks", "eat in bed", "red wine stain"]
)
def test_a_phrase_is_an_event(text: str) -> None:
    assert is_event(text)


@pytest.mark.parametrize(
    "text",
    ["she left", "the dog barked loudly", "ate too much cake", "walk your dog", "the cat is old", "dont go there"],
)
def test_a_sentence_is_none(text: str) -> None:
    assert not is_event(text)


@pytest.mark.parametrize("word", ["walked", "broke", "understood", "was"])
def test_a_past_tense_is_told_by_list_or_ending(word: str) -> None:
    assert is_past(word)


@pytest.mark.parametrize("word", ["hundred", "seed", "walk", "walking", "bed"])
def test_words_that_end_like_a_past_tense_are_none(word: str) -> None:
    assert not is_past(word)


@pytest.mark.parametrize(
    ("text", "is_fact"),
    [
        ("What is the capital of France?", True),
        ("who was the 3rd president", True),
        ("How old is the moon?", True),
        ("What is my name?", False),
        ("What is the matter with you?", False),
        ("what's going on in the kitchen", False),
        ("Who is PersonX?", False),
        ("I know what the capital is", False),
    ],
)
def test_a_question_about_a_fact_names_nobody(text: str, is_fact: bool) -> None:
    assert is_about_facts(text) is is_fact
