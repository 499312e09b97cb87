"""Openers and endings that say nothing: the parser gets the same sentence without them."""

import pytest

from graph.normalization.cleanup import for_parser

SENTENCES = ["Anna lost her keys", "I quit my job", "my boss yelled at me"]
OPENERS = [
    "", "omg ", "OMG, ", "so, ", "Honestly, ", "hey guys, ", "well, ", "btw ", "tbh ", "you know what, ", "- ",
    "[Update] ", "lol ", "So anyway, ",
]  # fmt: skip
ENDINGS = ["", " lol", ", right?", " tbh", ", you know", " smh", "!!!", " haha", ", isn't it?", " 😀", ".", " #sad"]


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("sentence", SENTENCES)
def test_what_says_nothing_is_left_out(opener: str, sentence: str) -> None:
    read = {for_parser(opener + sentence + ending) for ending in ENDINGS}
    assert read == {sentence[0].upper() + sentence[1:] + "."}


@pytest.mark.parametrize("text", ["", "?!", "😀", "...", "http://example.org", ":)"])
def test_nothing_remains_of_a_text_without_words(text: str) -> None:
    assert for_parser(text) == ""


def test_a_question_stays_one() -> None:
    assert for_parser("omg, did Anna call u?") == "Did Anna call you?"
    assert for_parser("ANNA CALLED ME?!") == "Anna called me?"


def test_a_name_in_small_letters_gets_its_capital() -> None:
    assert for_parser("i met tom and emily") == "I met Tom and Emily."
    assert for_parser("i will mark it") == "I will mark it."
