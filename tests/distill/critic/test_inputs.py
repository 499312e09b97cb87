"""Triples as text for a critic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.critic.inputs import named, texts, unnamed
from schemas.relations import Relation


@pytest.mark.parametrize(
    ("relation", "tails", "clause"),
    [
        ("xReact", ["happy", "to be happy", "PersonX be happy", "PersonX feels happy"], "feels happy"),
        ("xWant", ["to make tea", "make tea", "PersonX make tea", "PersonX wants to make tea"], "wants to make tea"),
        ("xEffect", ["makes tea", "PersonX make tea", "PersonX makes tea"], "PersonX makes tea"),
        ("oEffect", ["are late", "PersonY be late"], "others are late"),
        ("oReact", ["grateful", "PersonY be grateful", "PersonY feel grateful"], "feel grateful"),
        ("xAttr", ["kind", "PersonX be kind"], "seen as kind"),
        ("isAfter", ["PersonX makes tea", "PersonX make tea"], "happens after PersonX makes tea"),
        ("HinderedBy", ["it is late", "it be late"], "hindered by it is late"),
        ("xIntent", ["money"], "wanted money"),
        ("AtLocation", ["the kitchen"], "found at the kitchen"),
    ],
)
def test_a_tail_reads_alike_in_all_styles(relation: str, tails: list[str], clause: str) -> None:
    read = {unnamed("PersonX boils water", Relation(relation), tail)[1] for tail in tails}
    assert len(read) == 1
    assert read.pop().endswith(clause)


@pytest.mark.parametrize(
    ("head", "event"),
    [
        ("PersonX make a phone call", "PersonX makes a phone call"),
        ("personx be late .", "PersonX is late"),
        ("PersonX 's mother call", "PersonX's mother call"),
        ("PersonX could go", "PersonX could go"),
        ("PersonX found a coin", "PersonX found a coin"),
        ("PeopleX sing", "people sing"),
        ("PersonX makes tea", "PersonX makes tea"),
    ],
)
def test_an_event_is_in_the_present(head: str, event: str) -> None:
    assert unnamed(head, Relation.xWant, "to rest")[0] == event


def test_persons_have_names() -> None:
    event, clause = texts("PersonX helps PersonY find PersonZ", Relation.oWant, "to thank PersonX")
    names = event.split()[0], event.split()[2], event.split()[4]
    assert len(set(names)) == 3
    assert "Person" not in event + clause
    assert clause.endswith(f"thank {names[0]}")
    assert texts("PersonX helps PersonY find PersonZ", Relation.oWant, "to thank PersonX") == (event, clause)


@given(st.integers(0, 2**32 - 1), st.text(max_size=20))
def test_any_seed_gives_three_names(seed: int, event: str) -> None:
    named_event, _ = named(f"PersonX|PersonY|PersonZ|{event}", "", seed)
    assert len(set(named_event.split("|")[:3])) == 3


def test_another_seed_gives_other_names() -> None:
    assert len({named("PersonX sings", "", seed)[0] for seed in range(20)}) > 10
