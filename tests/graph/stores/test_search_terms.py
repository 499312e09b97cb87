"""Search terms of a text."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graph.stores.search_terms import MAX_WORDS, search_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("PersonX buys the car for PersonY", ("buys", "car")),
        ("Don't STOP, stop!", ("don", "stop")),
        ("snake_case 24/7", ("snake", "case", "24", "7")),
        ("naïve Жук", ("naïve", "жук")),
        ("they are with him", ("they", "are", "with", "him")),
        ("PersonX", ("personx",)),
        ("?!", ()),
        ("", ()),
    ],
)
def test_words(text: str, words: tuple[str, ...]) -> None:
    assert search_words(text) == words


@given(st.text() | st.lists(st.sampled_from(["the", "a", "Person", "x1", "_", '"', "*"])).map(" ".join))
@example(" ".join(f"w{n}" for n in range(99)))
def test_words_of_any_text_are_few_and_distinct_and_their_own_words(text: str) -> None:
    words = search_words(text)
    assert len(words) == len(set(words)) <= MAX_WORDS
    assert all(word in text.lower() and word.isalnum() for word in words)
    assert search_words(" ".join(words)) == words
    assert bool(words) == any(c.isalnum() for c in text)
