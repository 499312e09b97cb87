"""The tokeniser: it loses nothing, and raises nothing but its refusal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.query.fence import fenced
from graph.query.tokens import tokens
from schemas.errors import BadInput, BadQuery

_SPELLINGS = st.lists(
    st.sampled_from(
        ["MATCH", "(e:Event)", " ", "\n", "\t", "'a'", '"b"', "\\u0027", "\\", "'", '"', "`", "`x`", "/*", "*/", "//",
         "\r", ";", "$p", "$", "RETURN", "1", "1.5", "1..3", ".5", "1e5", "0x1F", "[", "]", "{", "}", "(", ")", "e.t",
         "LOAD", "CSV", "\u00a0", "é", "\x00", "\ud800", "😀", "-->", "<--", "*", "|", "=~", "CALL", ":", "AS", ","]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=60), _SPELLINGS))
def test_joined_tokens_are_the_text_or_it_is_refused(text: str) -> None:
    try:
        found = tokens(text)
    except BadQuery as error:
        refusal = error
    else:
        assert "".join(token.text for token in found) == text
        assert all(text.startswith(token.text, token.start) and token.text for token in found)
        return
    assert 1 <= refusal.line <= text.count("\n") + 1
    assert refusal.column >= 1


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=60), _SPELLINGS), st.sampled_from(["embedded", "neo4j"]))
def test_the_fence_raises_its_refusal_alone_and_hides_no_comment(text: str, dialect: str) -> None:
    try:
        statement = fenced(text, {"p": 1} if "$p" in text else {}, dialect, 10)  # type: ignore[arg-type]
    except BadInput:
        return
    assert {token.kind for token in tokens(statement.text)}.isdisjoint({"comment"})
    assert fenced(statement.text, statement.parameters, dialect, 10).text == statement.text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("a.b", ["name", "symbol", "name"]),
        ("1..3", ["number", "symbol", "number"]),
        (".5", ["number"]),
        ("1.5e-3", ["number"]),
        ("'a\\'b'", ["string"]),
        ('"a\'b"', ["string"]),
        ("`a b`", ["quoted"]),
        ("$p /* c */ // d", ["parameter", "blank", "comment", "blank", "comment"]),
        ("'\\u00e9'", ["string"]),
    ],
)
def test_kinds(text: str, kinds: list[str]) -> None:
    assert [token.kind for token in tokens(text)] == kinds


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("RETURN\n  \\u0031", 2, 3),
        ("RETURN 1\u00a0", 1, 9),
        ("RETURN\n\n'abc", 3, 1),
        ("RETURN '\\u0027'", 1, 9),
        ("RETURN '\\\\u0027'", 1, 9),
        ("RETURN `a\\u0060`", 1, 10),
        ("RETURN 1 // \\u000a", 1, 13),
        ("RETURN 12ab", 1, 8),
    ],
)
def test_a_refusal_says_where(text: str, line: int, column: int) -> None:
    with pytest.raises(BadQuery) as refused:
        tokens(text)
    assert (refused.value.line, refused.value.column) == (line, column)
