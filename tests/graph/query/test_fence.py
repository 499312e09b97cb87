"""The first fence alone: what a text may say, on both stores."""

from typing import Any

import pytest

from graph.query.fence import fenced
from graph.query.functions import Dialect
from schemas.errors import BadInput, BadQuery
from tests.support.hostile import statements

HARMLESS = (
    "RETURN 1 // x\u2028CREATE (:Event {text: 'bad'})",  # all of it a comment, and left out
    "MATCH (e:Event) RETURN e LIMIT 9223372036854775808",  # gets a lower limit
    "UNWIND range(1, 10000) AS a UNWIND range(1, 10000) AS b UNWIND range(1, 10000) AS c RETURN count(*)",
    "MATCH (a), (b), (c), (d) RETURN count(*)",
    "MATCH (a), (b), (c) WHERE a.text + b.text = c.text RETURN count(*)",
)
"""Hostile statements for the other fences: the text alone looks like any other."""


@pytest.mark.parametrize("dialect", ["embedded", "neo4j"])
def test_hostile_texts_are_refused_with_line_and_column(dialect: Dialect) -> None:
    passed, refusals = list[str](), list[dict[str, Any]]()
    for texts in statements(dialect).values():
        for text in texts:
            try:
                fenced(text, {}, dialect, 100)
                passed.append(text)
            except BadQuery as error:
                refusals.append(error.extra["errors"][0])
    assert passed == list(HARMLESS)
    assert all(one["line"] >= 1 and one["column"] >= 1 and one["allowed"] for one in refusals)
    assert len(refusals) >= 200


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("MATCH (e:Event) RETURN e", "MATCH (e:Event) RETURN e LIMIT 6"),
        ("MATCH (e) RETURN e LIMIT 3;", "MATCH (e) RETURN e LIMIT 3"),
        ("MATCH (e) RETURN e ORDER BY e.text SKIP 2 LIMIT 300", "MATCH (e) RETURN e ORDER BY e.text SKIP 2 LIMIT 6"),
        ("MATCH (e) RETURN e LIMIT $n", "MATCH (e) RETURN e LIMIT 6"),
        ("MATCH (e)/* all */RETURN e // end", "MATCH (e)         RETURN e LIMIT 6"),
        ("RETURN 1 AS x UNION RETURN 2 AS x", "RETURN 1 AS x UNION RETURN 2 AS x"),
        ("MATCH (e) WITH e LIMIT 900 RETURN e", "MATCH (e) WITH e LIMIT 900 RETURN e LIMIT 6"),
    ],
)
def test_the_result_has_a_limit(text: str, written: str) -> None:
    statement = fenced(text, {"n": 99} if "$n" in text else {}, "neo4j", 5)
    assert statement.text == written
    assert statement.parameters == {}


def test_parameters_stay_but_for_a_limit_that_is_lowered() -> None:
    parameters = {"n": 99, "t": "a"}
    statement = fenced("MATCH (e) WHERE e.text = $t RETURN e.text, $t LIMIT $n", parameters, "neo4j", 5)
    assert statement.parameters == {"t": "a"}
    assert fenced("RETURN $t", {"t": "a"}, "neo4j", 5).parameters == {"t": "a"}


def test_the_word_that_everybody_types_is_bridged() -> None:
    text = "MATCH ()-[r]->() WHERE type(r) <> 'type(r)' RETURN type(r), r.type"
    assert fenced(text, {}, "embedded", 1).text.startswith(
        "MATCH ()-[r]->() WHERE label(r) <> 'type(r)' RETURN label(r)"
    )
    assert fenced(text.replace("type(r),", "label(r),"), {}, "neo4j", 1).columns == ["label(r)", "r.type"]
    assert "RETURN type(r), r.type" in fenced(text.replace("type(r),", "label(r),"), {}, "neo4j", 1).text


def test_columns_are_named_as_they_are_written() -> None:
    text = "MATCH (e) RETURN DISTINCT e.text, count( * ) AS n, {a: 1, b: [2, 3]} AS `a b`, e . text"
    assert fenced(text, {}, "neo4j", 1).columns == ["e.text", "n", "a b", "e . text"]
    assert fenced("MATCH (e) RETURN *", {}, "neo4j", 1).columns is None


@pytest.mark.parametrize(
    ("dialect", "text", "advice"),
    [
        ("embedded", "MATCH (e:Event) RETURN split(e.text, ' ')", "string_split"),
        ("neo4j", "RETURN string_split('a b', ' ')", "split"),
        ("neo4j", "RETURN list_transform([1], x -> x)", "[x IN list"),
        ("embedded", "MATCH p = shortestPath((a)-[*..3]->(b)) RETURN p", "SHORTEST"),
    ],
)
def test_a_refusal_names_the_word_of_this_store(dialect: Dialect, text: str, advice: str) -> None:
    with pytest.raises(BadQuery, match="not allowed") as refused:
        fenced(text, {}, dialect, 1)
    assert advice in refused.value.errors[0].allowed


@pytest.mark.parametrize(
    ("text", "parameters", "reason"),
    [
        ("RETURN $a", {}, "no value"),
        ("RETURN 1", {"a": 1}, "no parameter"),
        ("RETURN $a", {"a": 2**63}, "'a'"),
        ("RETURN $a", {"a": "x" * 1001}, "'a'"),
        ("RETURN $a", {"a": "\ud800"}, "'a'"),
        ("RETURN $a", {"a": [1] * 10_001}, "'a'"),
        ("RETURN $a", {"a": [[[[[[[1]]]]]]]}, "'a'"),
        ("RETURN range(1, $a)", {"a": 10**9}, "too large"),
        ("MATCH (e) RETURN e SKIP $a", {"a": 10**9}, "too large"),
        ("MATCH (e) RETURN e LIMIT $a", {"a": "10"}, "no integer"),
        ("RETURN 'aaaa' =~ $a", {"a": "(a+)+b"}, "too long"),
        ("ORDER BY $a", {"a": 1}, "no RETURN"),
        ("SKIP $a LIMIT $a", {"a": 1}, "no RETURN"),
        ("WITH $a AS s WITH s + s + s AS s RETURN s =~ '.*.*.*b'", {"a": "a" * 900}, "take too long here"),
        (
            "MATCH (e) WHERE e.text" + " + e.text" * 30 + " + $a =~ '.*.*.*b' RETURN e",
            {"a": "a"},
            "take too long here",
        ),
        (
            "WITH $a AS s" + " WITH s + s + s AS s" * 6 + " RETURN s CONTAINS left(s, 9000) + 'b'",
            {"a": "a"},
            "take too long here",
        ),
        (
            "WITH $a AS s" + " WITH s + s + s AS s" * 6 + " RETURN split(s, left(s, 9000) + 'b')",
            {"a": "a"},
            "take too long here",
        ),
        ("WITH $a AS s RETURN replace(s, 'a', $b)", {"a": "a" * 900, "b": 1}, "computed"),
    ],
)
def test_parameters(text: str, parameters: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        fenced(text, parameters, "neo4j", 10)
