"""Formatting around a sentence: every mark goes, every word stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.normalization.formatting import is_emoji, plain

MARKS = [
    "{}", "**{}**", "*{}*", "_{}_", "__{}__", "~~{}~~", "`{}`", "- {}", "* {}", "1. {}", "a) {}", "> {}", "## {}",
    "[x] {}", "… {}", "<b>{}</b>", "[{}](https://example.org/a?b=1)", "{} https://example.org/a?b=1",
    "www.example.org {}", "{} 😀", "😀 {}", "{} :)", "{} <3", "(24F) {}", "{} (m, 31 years old)", "{} (she/her)",
    "{}, 24F", "[12:05] {}", "<sam> {}",
]  # fmt: skip
# Long words: "the 😀" keeps its emoji, as the object of a determiner.
sentences = st.lists(st.from_regex(r"[a-z]{6,8}", fullmatch=True), min_size=2, max_size=6).map(" ".join)


@given(sentences, st.sampled_from(MARKS))
def test_a_mark_changes_no_word(sentence: str, mark: str) -> None:
    assert plain(mark.format(sentence)) == sentence


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("lost my 🔑 at the gym", "lost my 🔑 at the gym"),
        ("Tom &amp; Anna met", "Tom and Anna met"),
        ("/me waves", "I waves"),
        ("*sighs* I quit", "I quit"),
        ("I lost it...and left", "I lost it and left"),
        ("I lost it... She left", "I lost it. She left"),
        ("I (24F) quit my job", "I quit my job"),
    ],
)
def test_signs_with_a_meaning_become_words(typed: str, words: str) -> None:
    assert plain(typed) == words


@given(st.text(max_size=20))
def test_a_word_of_emoji_has_no_letter(text: str) -> None:
    assert is_emoji("🔑❤️")
    if is_emoji(text):
        assert not any(c.isalnum() for c in text)
