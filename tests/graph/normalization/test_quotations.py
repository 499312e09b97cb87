"""Direct speech: however it is typed, the quotation comes after the verb of its speaker."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.normalization.quotations import tidy

FORMS = [
    '"{said}," {who} {verb}',
    '"{said}," {verb} {who}',
    '"{said}" {who} {verb}.',
    '{who} {verb}, "{said}."',
    '{who} {verb}: "{said}"',
    '{who} {verb} "{said}"',
]
words = st.lists(st.from_regex(r"[b-hj-z][a-z]{1,6}", fullmatch=True), min_size=2, max_size=5)


@given(
    words,
    st.sampled_from(["Tom", "Anna Lee", "my boss", "the nurse"]),
    st.sampled_from(["said", "asked", "yelled", "replied"]),
    st.sampled_from(FORMS),
)
def test_all_orders_are_one(words: list[str], who: str, verb: str, form: str) -> None:
    quoted = " ".join(words)
    text = tidy(form.format(said=quoted.capitalize(), who=who, verb=verb))
    assert text == f'{who} {verb} "{quoted}"'
    assert tidy(text) == text


@given(st.text(st.characters(exclude_characters='"'), max_size=80))
def test_a_text_without_a_quotation_stays(text: str) -> None:
    assert tidy(text) == text
    assert tidy(f'{text}"') == f'{text}"'


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ('"I quit my job"', "I quit my job"),
        ('I watched "Bohemian Rhapsody"', 'I watched "Bohemian Rhapsody"'),
        ('she said "Go"', 'she said "Go"'),
        ('she said "Go!"', 'she said "go!"'),
        ('he yelled "NASA called me"', 'he yelled "NASA called me"'),
        ('"Go home" and "Stay here" are songs', '"go home" and "stay here" are songs'),
    ],
)
def test_titles_keep_their_capital(typed: str, text: str) -> None:
    assert tidy(typed) == text
