"""Cursors: read back by their own search, refused by every other."""

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from schemas.errors import PageNotFound
from service.answering import cursor

PLACES = st.text() | st.integers(0, 2**31 - 1)


@given(st.text(), PLACES)
def test_a_cursor_is_read_back_and_needs_no_escape_in_a_url(search: str, place: str | int) -> None:
    text = cursor.encode(search, place)
    assert re.fullmatch(r"[\w-]+", text, re.ASCII)
    assert cursor.decode(text, search, type(place)) == place


@given(st.text(), st.text(), PLACES)
def test_the_cursor_of_another_search_or_kind_is_refused(search: str, other: str, place: str | int) -> None:
    assume(search != other)
    text = cursor.encode(search, place)
    for wrong, kind in ((other, type(place)), (search, int if isinstance(place, str) else str)):
        with pytest.raises(PageNotFound):
            cursor.decode(text, wrong, kind)


@example("Nw")  # the JSON number 7
@example("W10")  # an empty list
@given(st.text() | st.text("abcXYZ019-_=", max_size=40))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(PageNotFound):
        cursor.decode(text, "prefix PersonX", str)
