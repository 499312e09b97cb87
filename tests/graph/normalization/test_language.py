"""English or not, by the words alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.normalization.language import is_foreign

FOREIGN = {
    "ca": "he perdut les claus de casa",
    "cs": "ztratil jsem klíče od domu",
    "da": "jeg har glemt min nøgle derhjemme",
    "de": "ich habe meinen Schlüssel verloren",
    "es": "mi hermana se compró una casa nueva",
    "fi": "minä en halua mennä kouluun",
    "fr": "je suis tombé dans la rue",
    "hu": "elvesztettem a kulcsomat és nem tudok bemenni",
    "id": "saya tidak mau pergi ke sekolah",
    "it": "ho perso le chiavi di casa",
    "nl": "ik heb mijn sleutels verloren",
    "pl": "nie mogę znaleźć moich kluczy",
    "pt": "eu não quero ir para a escola",
    "ro": "nu vreau să merg la școală",
    "sv": "jag har tappat mina nycklar",
    "tr": "bugün çok yorgunum ve eve gidiyorum",
}
ENGLISH = [
    "I ate crème brûlée at the café",
    "Tom met José and Zoë in Málaga",
    "she de-iced the car",
    "my so called friend lied",
    "Anna met Tom in Paris",
    "we ordered pad thai and phở",
    "LOL omg u r so done",
]


@pytest.mark.parametrize("code", FOREIGN)
def test_another_language_is_told_with_and_without_persons(code: str) -> None:
    assert is_foreign(FOREIGN[code])
    assert is_foreign(f"PersonX {FOREIGN[code]} PersonY's ___")


@pytest.mark.parametrize("text", ENGLISH)
def test_foreign_words_in_an_english_sentence_are_english(text: str) -> None:
    assert not is_foreign(text)


@settings(deadline=None)
@given(st.sampled_from(sorted({word for text in FOREIGN.values() for word in text.split()})), st.integers(1, 4))
def test_one_word_is_in_no_language(word: str, times: int) -> None:
    assert not is_foreign(" ".join([word] * times))


@settings(deadline=None)
@given(st.permutations(FOREIGN["de"].split() + FOREIGN["fr"].split()))
def test_the_order_of_the_words_does_not_matter(words: list[str]) -> None:
    assert is_foreign(" ".join(words))
