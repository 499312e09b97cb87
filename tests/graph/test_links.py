"""The event that a tail is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.links import CONFIDENCE, Reading, best_links, phrase
from graph.links.verbs import ACTIONS, third_person

WORDS = ["PersonX", "PersonY", "PersonX's", "to", "gets", "get", "the", "a", "his", "her", "them", "car", "cars", "and"]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
SETS = st.lists(TEXTS, unique=True, max_size=12)
READINGS: st.SearchStrategy[Reading] = st.sampled_from(["X", "other"])


@pytest.mark.parametrize(
    ("tail", "reading", "event", "rule"),
    [
        ("gets fired", "X", "PersonX gets fired", "text"),
        ("to get fired", "X", "PersonX gets fired", "inflection"),
        ("PersonX hits PersonX's friend", "X", "PersonX hits PersonX's friend", "text"),
        ("hits friend", "X", "PersonX hits PersonX's friend", "possessive"),
        ("buys car", "X", "PersonX buys a car", "determiner"),
        ("to thank PersonX", "other", "PersonX thanks PersonY", "inflection"),
        ("to wash his hands", "X", "PersonX washes PersonX's hands", "person"),
        ("to get a car", "X", "PersonX gets PersonX's car", None),
        ("to thank PersonY", "other", "PersonX thanks PersonY", None),
        ("PersonX laughs", "other", "PersonX laughs", None),
        ("to win", "X", "PersonX wines", None),
        ("money", "X", "money", None),
    ],
)
def test_a_tail_is_its_event_by_a_rule(tail: str, reading: Reading, event: str, rule: str | None) -> None:
    links = list(best_links([(tail, reading)], [event], 0.0))
    assert [(link.event, link.rule, link.confidence) for link in links] == (
        [] if rule is None else [(event, rule, CONFIDENCE[rule])]  # type: ignore[index]
    )


@given(SETS, SETS, READINGS)
def test_links_are_one_a_tail_and_do_not_depend_on_the_order(tails: list[str], events: list[str], r: Reading) -> None:
    links = list(best_links([(tail, r) for tail in tails], events, 0.0))
    assert len({link.inference for link in links}) == len(links)
    assert sorted(best_links([(tail, r) for tail in tails[::-1]], events[::-1], 0.0)) == sorted(links)


@given(SETS, SETS, READINGS)
def test_a_link_joins_texts_of_the_same_key(tails: list[str], events: list[str], r: Reading) -> None:
    for link in best_links([(tail, r) for tail in tails], events, 0.0):
        assert phrase(link.inference, r).key == phrase(link.event).key


@pytest.mark.parametrize("verb", sorted({*ACTIONS, "is", "has", "does", "misses", "uses"}))
def test_a_third_person_stays(verb: str) -> None:
    assert third_person(verb) == verb
