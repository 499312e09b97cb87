"""The order of triples in answers, the spellings of "none", and generated triples."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.relations import Relation
from schemas.triples import Order, Triple, is_generated, rank, says_none, sort_key
from tests.support.triples import triple

TRIPLES = st.builds(
    Triple,
    st.just("PersonX waits"),
    st.sampled_from([Relation.xWant, Relation.xNeed, Relation.oReact]),
    st.sampled_from(["a", "B", "to go", "to go home"]),
    p_valid=st.none() | st.sampled_from([0.0, 0.5, 1.0]),
    origins=st.sampled_from([("a",), ("b",), ("a", "b")]),
    log_prob=st.none() | st.sampled_from([-2.0, -1.0]),
)
EDGES = st.lists(TRIPLES, max_size=5, unique_by=lambda one: (one.relation, one.tail))


@settings(max_examples=25)
@given(EDGES, st.randoms(use_true_random=False))
def test_the_order_of_edges_does_not_depend_on_their_order_before(edges: list[Triple], rng: random.Random) -> None:
    assert sorted(rng.sample(edges, len(edges)), key=rank) == sorted(edges, key=rank)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (triple("e", "xWant", "b", p_valid=0.9), triple("e", "xWant", "a", p_valid=0.8, origins=("c", "d"))),
        (triple("e", "xWant", "b", p_valid=0.0), triple("e", "xWant", "a", log_prob=-0.1)),
        (triple("e", "xWant", "b", origins=("c", "d"), log_prob=-9.0), triple("e", "xWant", "a", log_prob=-0.1)),
        (triple("e", "xWant", "b", log_prob=-0.1), triple("e", "xWant", "a", log_prob=-0.2)),
        (triple("e", "xWant", "b", log_prob=-99.0), triple("e", "xWant", "a")),
        (triple("e", "xWant", "Z"), triple("e", "xIntent", "a")),
        (triple("e", "xIntent", "a"), triple("e", "xWant", "a")),
    ],
)
def test_score_then_origins_then_probability_then_text_then_relation(first: Triple, second: Triple) -> None:
    assert rank(first) < rank(second)


S = {"origins": ("student:s",)}
SCORED = [
    triple("e", "xWant", "to be scored by its data set", p_valid=0.25),
    triple("e", "xWant", "to be scored by a critic", p_valid=0.5, critic="c@1"),
    triple("e", "xWant", "to be likely", p_valid=0.1, critic="c@1", log_prob=-1.0, **S),
    triple("e", "xWant", "to be unlikely", p_valid=0.9, critic="c@2", log_prob=-2.0, **S),
    triple("e", "xWant", "to be unscored", log_prob=-1.5, **S),
]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("default", ["scored by a critic", "scored by its data set", "likely", "unscored", "unlikely"]),
        ("p_valid", ["unlikely", "scored by a critic", "scored by its data set", "likely", "unscored"]),
    ],
)
def test_scores_of_a_student_s_tails_order_them_only_on_demand(order: Order, expected: list[str]) -> None:
    assert [one.tail.removeprefix("to be ") for one in sorted(SCORED, key=sort_key(order))] == expected


@pytest.mark.parametrize("tail", ["none", "NONE", "None.", "n/a", "N/A", "n/a.", "na", "NA."])
def test_a_spelling_of_does_not_apply(tail: str) -> None:
    assert says_none(tail)


@pytest.mark.parametrize("tail", ["", ".", "nan", "no", "none..", "none of it", "nones", "n.a.", "banana"])
def test_a_tail_that_only_looks_like_none(tail: str) -> None:
    assert not says_none(tail)


@pytest.mark.parametrize(
    ("origins", "expected"),
    [
        ((), False),
        (("sample",), False),
        (("student:a",), True),
        (("student:a", "student:b"), True),
        (("sample", "student:a"), False),
        (("student:a", "table"), False),
        (("students",), False),
    ],
)
def test_a_triple_of_students_alone_is_generated(origins: tuple[str, ...], expected: bool) -> None:
    assert is_generated(triple("PersonX waits", "xWant", "to go", origins=origins)) is expected
