"""Triples as English: the gold sentences, what templates may be, and what no text may break."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.sentences import Row, gold, written
from graph.normalization.lexicon import words
from graph.verbalize import Cast, not_applicable, passage, path, question, statement
from schemas.events import persons
from schemas.relations import RELATIONS, Relation
from schemas.triples import View

NAMES = {"PersonX": "Maria", "PersonY": "Tom", "PersonZ": "Anna"}
RELATION = st.sampled_from(list(RELATIONS))
VIEW: st.SearchStrategy[View] = st.sampled_from(("third", "first"))
WORD = st.sampled_from(
    sorted(
        words(
            "PersonX PersonY PersonZ PersonX's PersonY's to be is has gets and or not the a an ___ car home cries "
            "himself their his because that happy apples buys goes . ? , don't with for of ;"
        )
    )
)
PHRASE = st.lists(WORD, min_size=1, max_size=9).map(" ".join)
TEXT = st.one_of(PHRASE, st.text(max_size=40))


def told(head: str, relation: str, *tails: str, view: View = "third", **roles: str) -> str:
    return statement(
        head, Relation(relation), tails, Cast(view, {f"Person{name}": words for name, words in roles.items()})
    )


# --- sentences ---


@pytest.mark.parametrize("split", ["dev", "test"])
def test_gold_sentences_are_written_as_a_person_would(split: str) -> None:
    rows = [row for row in gold() if row.split == split]
    wrong = [row for row in rows if written(row) != row.sentence]
    assert len(wrong) <= 0.05 * len(rows), wrong[:3]


def test_the_gold_has_all_relations_both_persons_and_a_third_held_out() -> None:
    rows: Sequence[Row] = gold()
    assert {name for row in rows for name in row.relation.split(" / ")} == {relation.value for relation in RELATIONS}
    assert {row.person for row in rows} == {"third", "first"}
    assert 0.3 < sum(row.split == "test" for row in rows) / len(rows) < 0.36


def test_a_name_may_come_with_its_pronoun() -> None:
    assert told("PersonX cooks", "xReact", "proud", X="Lee") == "Lee cooks. As a result, Lee feels proud."
    assert told("PersonX cooks", "xReact", "proud", X="Lee (he/him)") == "Lee cooks. As a result, he feels proud."
    assert told("PersonX cooks", "xReact", "proud", X="Lee (they)") == "Lee cooks. As a result, they feel proud."


def test_no_pronoun_stands_for_two_persons() -> None:
    text = told("PersonX thanks PersonY", "xReact", "glad", X="Lee (he)", Y="Tom (he)")
    assert text == "Lee thanks Tom. As a result, Lee feels glad."


def test_the_speaker_is_whose_role_is_i() -> None:
    assert told("PersonX hits PersonY", "oReact", "hurt", view="first", X="Tom", Y="I") == (
        "Tom hits me. As a result, I feel hurt."
    )
    assert told("PersonX hits PersonY", "oReact", "hurt", X="Tom", Y="I") == (
        "Tom hits PersonY. As a result, PersonY feels hurt."
    )


def test_two_verbs_in_turn_both_agree() -> None:
    assert told("PersonX leaves", "xEffect", "rings and runs", view="first") == "I leave. As a result, I ring and run."


def test_the_tail_none_says_that_the_relation_does_not_apply() -> None:
    assert told("PersonX sneezes", "xIntent", "none", X="Lee") == "Lee sneezes. Lee did not intend this."
    assert not_applicable("PersonX sneezes", Relation.xIntent, Cast("first")) == "I sneeze. I did not intend this."


def test_a_passage_tells_its_head_once() -> None:
    car = "PersonX buys a car"
    text = passage([(car, Relation.xIntent, "to travel"), (car, Relation.xReact, "free")], Cast("first"))
    assert text == "I buy a car because I wanted to travel. As a result, I feel free."


def test_a_path_goes_on_from_what_happens() -> None:
    hops = [
        ("PersonX misses the bus", Relation.xEffect, "is late"),
        ("PersonX is late", Relation.xWant, "to apologize"),
        ("PersonX apologizes", Relation.xReact, "better"),
    ]
    assert path(hops, Cast("third", {"PersonX": "Ana (she)"})) == (
        "Ana misses the bus. As a result, she is late. As a result, she wants to apologize. She apologizes. "
        "As a result, she feels better."
    )


def test_a_question_asks_for_the_tails() -> None:
    assert question("PersonX cooks", Relation.xReact, Cast("third", {"PersonX": "Maria"})) == (
        "Maria cooks. What does Maria feel?"
    )


# --- any text ---


def test_a_path_to_the_other_person_and_back() -> None:
    """A tail about the other person makes this person the PersonX of the next hop."""
    hops = [
        ("PersonX insults PersonY", Relation.oEffect, "gets angry"),
        ("PersonX gets angry", Relation.xWant, "to yell at PersonY"),
        ("PersonX yells at PersonY", Relation.oReact, "sad"),
    ]
    swapped = [False, True, True]
    assert path(hops, Cast(), swapped) == (
        "PersonX insults PersonY. As a result, PersonY gets angry. As a result, PersonY wants to yell at PersonX. "
        "PersonY yells at PersonX. As a result, PersonX feels sad."
    )
    assert path(hops, Cast("third", {"PersonX": "Maria (she)", "PersonY": "Tom"}), swapped) == (
        "Maria insults Tom. As a result, Tom gets angry. As a result, Tom wants to yell at her. Tom yells at her. "
        "As a result, she feels sad."
    )
    assert path(hops, Cast("first"), swapped) == (
        "I insult PersonY. As a result, PersonY gets angry. As a result, PersonY wants to yell at me. "
        "PersonY yells at me. As a result, I feel sad."
    )
    others = [("PersonX buys a car", Relation.oWant, "to ride"), ("PersonX rides", Relation.xReact, "glad")]
    assert path(others, Cast(), [False, True]) == (
        "PersonX buys a car. As a result, PersonY wants to ride. PersonY rides. As a result, PersonY feels glad."
    )


@pytest.mark.parametrize(
    ("head", "text"),
    [
        ("eat", "PersonX eats"),
        ("read book", "PersonX reads book"),
        ("rest", "PersonX rests"),
        ("be happy", "PersonX is happy"),
        ("PersonY laughs", "PersonY laughs"),
    ],
)
def test_a_bare_action_along_a_path_is_what_personx_does(head: str, text: str) -> None:
    hops = [("PersonX goes home", Relation.xWant, f"to {head}"), (head, Relation.xReact, "glad")]
    assert path(hops, Cast()).split(". ")[1:2] + path(hops, Cast()).split(". ")[2:3] == [
        f"As a result, PersonX wants to {head}",
        text,
    ]


@given(head=TEXT, relation=RELATION, tails=st.lists(TEXT, min_size=1, max_size=3), view=VIEW)
@settings(max_examples=300, deadline=None)
def test_any_text_becomes_tidy_sentences(head: str, relation: Relation, tails: list[str], view: View) -> None:
    cast = Cast(view, NAMES)
    for text in (
        statement(head, relation, tails, cast),
        question(head, relation, cast),
        not_applicable(head, relation, cast),
    ):
        assert not persons(text), text
        assert "  " not in text
        assert text == text.strip()
        assert text.endswith((".", "?", "!", "…"))


@given(relation=RELATION, tail=PHRASE, view=VIEW)
@settings(max_examples=200, deadline=None)
def test_no_sentence_has_two_to(relation: Relation, tail: str, view: View) -> None:
    text = statement("PersonX cooks", relation, [f"to {tail}"], Cast(view, NAMES))
    assert not re.search(r"\bto to\b", text), text


@given(head=TEXT, roles=st.dictionaries(st.sampled_from(list(NAMES)), st.text(max_size=20)), view=VIEW)
@settings(max_examples=100, deadline=None)
def test_any_name_is_taken(head: str, roles: dict[str, str], view: View) -> None:
    assert statement(head, Relation.oReact, ["happy"], Cast(view, roles))


@given(hops=st.lists(st.tuples(PHRASE, RELATION, PHRASE), min_size=1, max_size=4), view=VIEW)
@settings(max_examples=100, deadline=None)
def test_any_path_has_a_text(hops: list[tuple[str, Relation, str]], view: View) -> None:
    assert not persons(path(hops, Cast(view, NAMES)))
