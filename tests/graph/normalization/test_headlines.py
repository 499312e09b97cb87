"""Headlines: the missing "is" or "are", and no other change."""

from itertools import product

import pytest

from graph.normalization.headlines import completed

SUBJECTS = [
    ("Man", "is"), ("Two men", "are"), ("Residents", "are"), ("Bus driver", "is"), ("James", "is"), ("Police", "are"),
    ("My neighbor", "is"), ("Actress", "is"), ("12 hikers", "are"),
]  # fmt: skip


@pytest.mark.parametrize(("who", "carrier"), SUBJECTS)
def test_a_headline_gets_its_verb(who: str, carrier: str) -> None:
    for verb, rest in product(["arrested", "rescued", "robbed", "found"], ["by hikers", "in Leeds", "under a bridge"]):
        sentence = f"{who} {carrier} {verb} {rest}"
        assert completed(f"{who} {verb} {rest}") == sentence
        assert completed(sentence) == sentence


def test_an_announcement_gets_its_verb() -> None:
    assert completed("Company to close plant") == "Company is to close plant"
    assert completed("Company to the rescue") == "Company to the rescue"


@pytest.mark.parametrize(
    "text",
    [
        "Tom found a wallet",
        "My sister left at noon",
        "Police arrested him",
        "The man arrested in Leeds escaped",
        "He was arrested in Leeds",
        "I need to close the door",
    ],
)
def test_a_sentence_with_a_verb_stays(text: str) -> None:
    assert completed(text) == text
