"""Labels, speakers and addressees before a sentence."""

import pytest

from graph.normalization.labels import without_labels

SENTENCES = ["I quit my job", "my boss yelled at me", "the dog bit the mailman"]
LABELS = [
    "[Update] ", "(rant) ", "{news}: ", "UPDATE: ", "Edit 2: ", "TIL that ", "TIL ", "PSA: ", "Fun fact: ", "TL;DR: ",
    "Anna: ", "@sam ", "@sam: ", "[Update] PSA: ", "AITA because ", "AITA if ", "AIBU? ",
]  # fmt: skip


@pytest.mark.parametrize("label", LABELS)
def test_a_label_is_no_part_of_its_sentence(label: str) -> None:
    assert [without_labels(label + sentence) for sentence in SENTENCES] == SENTENCES


@pytest.mark.parametrize(
    "text", [*SENTENCES, "She said: I am tired", "@sam stole my bike", "Tom, my brother, fell", "rant about my job"]
)
def test_a_sentence_without_a_label_stays(text: str) -> None:
    assert without_labels(text) == text


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("Tom, call me", "call me"),
        ("call me, Tom!", "call me!"),
        ("AITA for quitting my job?", "I am quitting my job"),
        ("AITA for not quitting my job", "I am not quitting my job"),
        ("I quit my job [serious]", "I quit my job"),
    ],
)
def test_who_is_spoken_to_is_left_out(typed: str, text: str) -> None:
    assert without_labels(typed) == text
