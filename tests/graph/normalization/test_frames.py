"""Sentence frames: the clause inside comes out, and has no frame of its own."""

import pytest

from graph.normalization.frames import unframed


@pytest.mark.parametrize(
    ("framed", "clause"),
    [
        ("It was Tom who broke the vase", "Tom broke the vase"),
        ("It's him who lied", "he lied"),
        ("It was the car that she sold", "she sold the car"),
        ("It was the car that Tom sold", "Tom sold the car"),
        ("It was me that Tom called yesterday", "Tom called me yesterday"),
        ("The one who broke the vase was Tom", "Tom broke the vase"),
        ("All I did was ask", "I did ask"),
        ("What she wants is a dog", "she wants a dog"),
        ("What should I do if my dog bites me?", "my dog bites me"),
        ("what if I lose my job", "I lose my job"),
        ("Imagine if I won the lottery", "I won the lottery"),
        ("The thing is, I lost my keys", "I lost my keys"),
        ("What happened was that I fell", "I fell"),
        ("It seems my car broke down", "my car broke down"),
        ("Why I quit my job", "I quit my job"),
        ("The day I met my wife", "I met my wife"),
        ("That feeling when I get paid", "I get paid"),
    ],
)
def test_the_clause_comes_out_of_its_frame(framed: str, clause: str) -> None:
    assert unframed(framed) == clause
    assert unframed(clause) == clause


@pytest.mark.parametrize(
    "text",
    ["It was a shame that he left", "The day I met her was the best day", "I know why I quit", "how are you", "it"],
)
def test_a_text_without_a_frame_stays(text: str) -> None:
    assert unframed(text) == text
