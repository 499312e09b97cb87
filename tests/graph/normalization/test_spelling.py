"""Spelling: listed words, corrections, letters without accents."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graph.normalization.spelling import unaccented, word_list

COMMON = ["because", "tomorrow", "really", "different", "birthday", "beautiful", "remember", "family"]
ANYTHING = st.text(max_size=60)
LETTERS = st.text("abcdefghijklmnopqrstuvwxyz", max_size=12)
LATIN = st.text(st.characters(min_codepoint=0xC0, max_codepoint=0x17F, categories=["Lu", "Ll"]), min_size=1)


@given(ANYTHING)
@example("ǿ")
@example("ǽ")
def test_accents_are_gone_after_the_first_time(text: str) -> None:
    assert unaccented(unaccented(text)) == unaccented(text)


@given(LATIN)
def test_capital_letters_lose_their_accents_like_small_ones(text: str) -> None:
    assert unaccented(text).lower() == unaccented(text.lower())


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("crème brûlée", "creme brulee"),
        ("straße", "strasse"),
        ("Œuvre", "Oeuvre"),
        ("Łódź", "Lodz"),
        ("PersonX’s café", "PersonX’s cafe"),
        ("한국", "한국"),
    ],
)
def test_only_accents_are_removed(text: str, plain: str) -> None:
    assert unaccented(text) == plain


@settings(deadline=None)
@given(st.one_of(ANYTHING, LETTERS))
def test_a_correction_is_a_listed_word_one_letter_away(typed: str) -> None:
    spelling = word_list()
    corrected = spelling.corrected(typed)
    assert spelling.corrected(corrected) == corrected
    if corrected != typed:
        assert corrected in spelling.words
        assert typed not in spelling.words
        assert corrected[0] == typed[0]
        assert abs(len(corrected) - len(typed)) <= 1


@settings(deadline=None)
@given(st.sampled_from(COMMON), st.data())
def test_a_common_word_with_a_slip_becomes_a_word_again(word: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(word) - 2))
    less = word[:cut] + word[cut + 1 :]
    turned = word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]
    spelling = word_list()
    assert spelling.corrected(less) in spelling.words
    assert spelling.corrected(turned) in spelling.words
    assert spelling.is_misspelt(turned)


@settings(deadline=None)
@given(st.sampled_from(COMMON), st.data(), st.integers(3, 9))
def test_a_word_with_a_letter_drawn_out_is_known(word: str, data: st.DataObject, times: int) -> None:
    place = data.draw(st.integers(0, len(word) - 1))
    assert word_list().has(word[:place] + word[place] * times + word[place + 1 :])


@pytest.mark.parametrize("typed", ["ypeople", "teh", "peo", "pe0ple", "Peopl"])
def test_a_first_letter_and_a_short_word_stay(typed: str) -> None:
    assert word_list().corrected(typed) == typed


@pytest.mark.parametrize("word", ["icecream", "shouldn't", "teacher's"])
def test_joined_words_and_contractions_are_known(word: str) -> None:
    assert word_list().has(word)


@settings(deadline=None)
@given(ANYTHING)
def test_a_word_that_is_misspelt_is_not_too_long_to_be_one(text: str) -> None:
    spelling = word_list()
    if spelling.reads(text) or spelling.is_misspelt(text):
        assert len(text) <= 30
