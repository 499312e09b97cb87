"""The canonical form of an event."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.errors import BadInput
from schemas.events import MAX_EVENT, canonical, parse_event, persons, tidy

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS)
@example("e\u200b\u0301")
@example("Person X .")
@example("The A dog")
def test_idempotent(text: str) -> None:
    assert canonical(canonical(text)) == canonical(text)


@given(
    st.lists(st.sampled_from(["PersonX", "person x", "PERSONY's", "___", "_", ".", "!", " ", "The", "a", "\u2019s"]))
)
def test_idempotent_where_the_rules_meet(parts: list[str]) -> None:
    text = "".join(parts)
    assert canonical(canonical(text)) == canonical(text)


@given(
    st.lists(
        st.sampled_from(
            [
                "PersonX",
                "PersonY's",
                "personx",
                "person",
                "Persons",
                "PersonX's'personz",
                "buys",
                "The",
                "don't",
                "'s",
                "x",
            ]
        ),
        min_size=1,
    )
)
@example(["PersonY's", "The'personx"])
def test_a_plain_event_is_what_it_would_be_by_the_rules(words: list[str]) -> None:
    text = " ".join(words)
    assert canonical(text) == canonical(f" {text}")  # the space turns off the shortcut, and has no other effect


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("PersonX buys a car", "PersonX buys a car"),
        ("  PersonX\tbuys \n a car. ", "PersonX buys a car"),
        ("personx buys a car!", "PersonX buys a car"),
        ("Person X buys a car", "PersonX buys a car"),
        ("PERSONX buys PERSONY's car", "PersonX buys PersonY's car"),
        ("PERSONX'S car breaks down", "PersonX's car breaks down"),
        ("Person-z's car breaks down", "PersonZ's car breaks down"),
        ("PersonX\u2019s car breaks down", "PersonX's car breaks down"),
        ("PersonX eats ___", "PersonX eats ___"),
        ("PersonX eats _____.", "PersonX eats ___"),
        ("PersonX eats _ for lunch", "PersonX eats ___ for lunch"),
        ("PersonX drinks cafe\u0301", "PersonX drinks café"),
        ("The dog barks", "the dog barks"),
        ("It rains;", "it rains"),
        ("The ___ falls…", "the ___ falls"),
        ("The person x's dog barks", "the PersonX's dog barks"),
        ("PersonX\u200b waits", "PersonX waits"),
    ],
)
def test_one_spelling_for_what_is_certainly_the_same(text: str, event: str) -> None:
    assert canonical(text) == event


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("PersonX hits PersonY", "PersonY hits PersonX"),
        ("PersonX wins", "PersonX wins?"),
        ("PersonX wins", "PersonX wins\u037e"),
        ("PersonX eats in China", "PersonX eats in china"),
        ("Polish the table", "polish the table"),
        ("May comes", "may comes"),
        ("US wins", "us wins"),
        ("IT works", "it works"),
        ("PersonX has 3 dogs", "PersonX has 2 dogs"),
        ("PersonX does not go", "PersonX does go"),
        ("PersonX eats", "PersonX eats ___"),
        ("a personal x", "a PersonX"),
        ("PersonX's", "PersonX"),
        ("PersonXavier waits", "PersonX avier waits"),
    ],
)
def test_what_may_differ_in_meaning_stays_apart(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize("text", ["", " ", "...", "___", "?!", "\u200b", "x" * (MAX_EVENT + 1), "bad \ud800 text"])
def test_what_is_no_event_is_refused_with_field_and_value(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_event(text)
    [error] = caught.value.errors
    assert (error.field, error.value) == ("event", text)
    assert error.allowed


@given(TEXTS)
@example("e\u200b\u0301")
@example(" a\u2028\x85\x00b\xa0")
def test_tidy_text_has_one_form_and_single_spaces(text: str) -> None:
    tidied = tidy(text)
    assert tidy(tidied) == tidied
    assert unicodedata.is_normalized("NFC", tidied)
    assert tidied == " ".join(tidied.split())
    assert not [c for c in tidied if unicodedata.category(c) == "Cc"]


@given(TEXTS.map(lambda text: f"PersonX {text}"))
@example("PersonX" + " _" * 140)
@example("PersonX " + "\u0958" * 280)
def test_an_event_that_is_read_can_be_asked_again(text: str) -> None:
    try:
        event = parse_event(text)
    except BadInput:
        return
    assert parse_event(event) == event
    assert len(event) <= MAX_EVENT


PERSONS = st.sampled_from(["PersonX", "PersonY", "PersonZ", "PersonX's"])
OTHERS = st.sampled_from(["thanks", "a person", "PersonXavier", "Personal", "myPersonY", "PersonZs"])


@given(st.lists(PERSONS | OTHERS))
@example(["PersonXavier", "thanks", "PersonY"])
def test_the_persons_of_an_event_are_whole_words_each_once_in_order(words: list[str]) -> None:
    named = [word.removesuffix("'s") for word in words if word in ("PersonX", "PersonY", "PersonZ", "PersonX's")]
    assert persons(canonical(" and ".join(words))) == list(dict.fromkeys(named))
