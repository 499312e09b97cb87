"""Contractions and chat spellings in full words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.normalization.contractions import written_out
from schemas.events import persons

CHAT = [
    "im", "ive", "dont", "cant", "gonna", "gotta", "wanna", "shud", "wud", "of", "aint", "nobody", "got", "to", "u",
    "ur", "r", "hes", "she's", "Anna's", "been", "crying", "so", "a", "home", "i", "lemme", "know", "w/o", "'em",
    "PersonX", "PersonY's", "can", "could", "ve", "could've", ".", "my", "wedding", "was",
]  # fmt: skip
chatter = st.lists(st.sampled_from(CHAT), min_size=1, max_size=8).map(" ".join)


@pytest.mark.parametrize(
    ("typed", "full"),
    [
        ("imma text u", "I'm going to text you"),
        ("I've gotta go", "I have to go"),
        ("she's gotta go", "she has to go"),
        ("he's got to leave", "he has to leave"),
        ("she's got a dog", "she has a dog"),
        ("I ain't got time", "I don't have time"),
        ("i aint ready", "I am not ready"),
        ("aint nobody got time", "nobody has time"),
        ("i shud of called", "I should have called"),
        ("you couldntve known", "you could not have known"),
        ("it could of course rain", "it could of course rain"),
        ("Anna's crying", "Anna is crying"),
        ("Anna's wedding was nice", "Anna's wedding was nice"),
        ("Anna's singing was nice", "Anna's singing was nice"),
        ("the car's stolen", "the car is stolen"),
        ("the dog's been sick", "the dog has been sick"),
        ("me w/o u", "me without you"),
        ("vitamin i.v. in bed", "vitamin i.v. in bed"),
    ],
)
def test_chat_spellings_are_written_out(typed: str, full: str) -> None:
    assert written_out(typed) == full


@given(chatter)
def test_full_words_stay(typed: str) -> None:
    assert written_out(written_out(typed)) == written_out(typed)


@given(chatter)
def test_persons_stay(typed: str) -> None:
    assert persons(written_out(typed)) == persons(typed)
