"""Patterns of relations: what they accept, and what is wrong with a text that is none."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.paths.pattern import LONGEST, any_of, parse
from schemas.errors import BadInput
from schemas.relations import Relation

NAMES = (Relation.xWant, Relation.xEffect, Relation.xReact)


def accepts(text: str, *relations: Relation) -> bool:
    pattern = parse(text)
    state = pattern.start
    for relation in relations:
        state = pattern.after(state, relation)
    return pattern.accepts(state)


PARTS = st.recursive(
    st.sampled_from([name.value for name in NAMES]),
    lambda inner: st.one_of(
        st.builds(">".join, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda options: f"({'|'.join(options)})", st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part, n, more: f"({part}){{{n},{n + more}}}", inner, st.integers(1, 2), st.integers(0, 1)),
    ),
    max_leaves=5,
)


@given(PARTS)
def test_a_pattern_accepts_what_the_same_regular_expression_matches(text: str) -> None:
    letters = {"xWant": "w", "xEffect": "e", "xReact": "r"}
    expression = re.compile(re.sub("xWant|xEffect|xReact", lambda m: letters[m[0]], text).replace(">", ""))
    pattern = parse(text)
    for length in range(1, 4):
        for path in product(NAMES, repeat=length):
            state = pattern.start
            for relation in path:
                state = pattern.after(state, relation)
            word = "".join(letters[relation.value] for relation in path)
            assert pattern.accepts(state) == bool(expression.fullmatch(word)), word


def test_blanks_and_alternatives() -> None:
    assert accepts(" xWant > ( xEffect | xReact ) { 1 , 2 } ", Relation.xWant, Relation.xReact, Relation.xEffect)
    assert accepts("xWant|xEffect>xReact", Relation.xWant)
    assert not accepts("xWant|xEffect>xReact", Relation.xWant, Relation.xReact)


def test_a_state_knows_what_may_follow() -> None:
    pattern = parse("xWant>(xEffect|xReact)")
    assert pattern.relations == NAMES
    after = pattern.after(pattern.start, Relation.xWant)
    assert pattern.relations_from(after) == (Relation.xEffect, Relation.xReact)
    assert pattern.goes_on(after)
    assert not pattern.goes_on(pattern.after(after, Relation.xReact))
    assert pattern.after(pattern.start, Relation.xReact) == frozenset()


def test_any_of_some_relations() -> None:
    pattern = any_of(NAMES[:2], 2)
    one = pattern.after(pattern.start, Relation.xWant)
    two = pattern.after(one, Relation.xEffect)
    assert (pattern.accepts(pattern.start), pattern.accepts(one), pattern.accepts(two)) == (False, True, True)
    assert pattern.after(two, Relation.xWant) == frozenset()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "a relation"),
        ("xWant>", "a relation"),
        ("xwant", "not 'xwant' (character 1)"),
        ("xWant xNeed", "not 'xNeed' (character 7)"),
        ("xWant;", "';' has no meaning (character 6)"),
        ("(xWant", "a ) is expected (character 7)"),
        ("xWant{", "a number is expected"),
        ("xWant{1", "a } is expected"),
        ("xWant{0}", f"outside 1 to {LONGEST}"),
        ("xWant{3,2}", f"outside 1 to {LONGEST}"),
        ("xWant{7}", f"outside 1 to {LONGEST}"),
        ("xWant{99999999999999999999}", f"outside 1 to {LONGEST}"),
        ("((((xWant{6}){6}){6}){6}){6}", "repetitions are too many"),
        ("(" * 30 + "xWant" + ")" * 30, "brackets in one another"),
        ("x\u0130", "not 'x\u0130'"),
    ],
)
def test_a_wrong_pattern_says_where(text: str, problem: str) -> None:
    with pytest.raises(BadInput) as error:
        parse(text)
    [one] = error.value.errors
    assert (one.field, one.value) == ("pattern", text)
    assert problem in one.message
    assert "xEffect>xReact" in one.allowed


@given(st.text("xWantEfc(){}|>,1 2", max_size=30))
def test_any_text_is_a_pattern_or_bad_input(text: str) -> None:
    try:
        parse(text)
    except BadInput:
        return
