"""Which texts are events: two hundred odd ones that are, two hundred that are not, noise of every kind."""

import base64
import json
import random
import string
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.normalization.plausibility import check_plausible
from graph.sample import SAMPLE
from schemas.errors import BadInput

HERE = Path(__file__).parent
EVENTS = (HERE / "texts_that_are_events.txt").read_text().splitlines()
NONE = (HERE / "texts_that_are_none.txt").read_text().splitlines()

# What the rule is known to get wrong: it is to become shorter, and nobody should be surprised.
WRONGLY_REFUSED = {
    "gyoza",
    "rsvp",
    "grrr",
    "PersonX RSVPs",
    "PersonX iz hapy",
    "PersonX frgot PersonY's nmae",
    "PersonX walkd 2 skool",
}
WRONGLY_PASSED: set[str] = set()

KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def refusal(text: str) -> str | None:
    try:
        check_plausible(text)
    except BadInput as error:
        (wrong,) = error.errors
        return wrong.allowed if (wrong.field, wrong.value) == ("event", text) else str(wrong)
    return None


def test_odd_events_pass() -> None:
    assert {text for text in EVENTS if refusal(text)} == WRONGLY_REFUSED
    assert len(EVENTS) - len(WRONGLY_REFUSED) > 0.95 * len(EVENTS)


def test_what_is_no_event_is_refused() -> None:
    assert {text for text in NONE if not refusal(text)} == WRONGLY_PASSED
    assert len(NONE) - len(WRONGLY_PASSED) > 0.95 * len(NONE)


def test_our_own_events_pass() -> None:
    heads = {json.loads(line)["head"] for line in SAMPLE.read_text().splitlines()}
    assert {head for head in heads if refusal(head)} == set()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("asdf qwer", "'asdf', 'qwer' cannot be read as English"),
        ("kauft asdf einen Qwer zxcv", "it is in another language"),
        ("PersonX ___ PersonY", "it has none"),
        ("人物X买了一辆车", "Chinese characters"),
        ("машина едет", "Cyrillic letters"),
        ("see https://example.com/page", "'https://example.com/page' is a link"),
        ("mail john@example.com", "'john@example.com' is an address"),
        ("open ~/notes/today.txt", "'~/notes/today.txt' is a path"),
        ("for i in range(10): print(i)", "'range(10)' is code"),
        ("SELECT name FROM users", "'SELECT name FROM' is a query"),
        ("<b>PersonX</b>", "'<b>' is markup or data"),
        ("rm -rf /", "'rm -rf' is a command"),
        ("a?!?!?!?!?!", "signs and digits"),
        ("x" * 300, "'x' over and over"),
        ("buy " * 20, "'buy' over and over"),
        ("Tengo hambre", "in another language"),
        ("Me robaron el coche", "in another language"),
        ("the", "tells of nothing"),
        ("hello", "tells of nothing"),
        ("What is the capital of France?", "asks for a fact"),
    ],
)
def test_the_reason_names_what_is_wrong(text: str, reason: str) -> None:
    said = refusal(text)
    assert said is not None
    assert reason in said
    assert said.startswith("an event")
    assert len(said) < 150


def _filled(word: Callable[[], str]) -> str:
    """A text of 300 characters."""
    text = ""
    while len(text) < 300:
        text += word() + " "
    return text[:300].strip()


def _noise(kind: str, rng: random.Random) -> str:
    def drawn(letters: str, least: int = 3, most: int = 9) -> Callable[[], str]:
        return lambda: "".join(rng.choices(letters, k=rng.randint(least, most)))

    match kind:
        case "letters":
            return _filled(drawn(string.ascii_lowercase))
        case "consonants":
            return _filled(drawn("bcdfghjklmnpqrstvwxz"))
        case "one word":
            return drawn(string.ascii_letters, 300, 300)()
        case "keys":
            return _filled(drawn("".join(rng.sample(KEYS, 1))))
        case "signs":
            return _filled(drawn(string.punctuation))
        case "anything":
            return _filled(drawn(string.printable[:94]))
        case "letters apart":
            return _filled(drawn(string.ascii_lowercase, 1, 1))
        case "base64":
            return base64.b64encode(rng.randbytes(225)).decode()
        case _:
            return rng.randbytes(150).hex()


@pytest.mark.parametrize(
    "kind",
    ["letters", "consonants", "one word", "keys", "signs", "anything", "letters apart", "base64", "hexadecimal"],
)
def test_long_noise_is_refused(kind: str) -> None:
    rng = random.Random(kind)
    assert [text for text in (_noise(kind, rng) for _ in range(100)) if not refusal(text)] == []


def test_hardly_any_two_random_words_pass() -> None:
    rng = random.Random(4)
    texts = [
        " ".join("".join(rng.choices(string.ascii_lowercase, k=rng.randint(4, 8))) for _ in range(2))
        for _ in range(1000)
    ]
    assert sum(refusal(text) is None for text in texts) < 30


@given(st.text(max_size=300))
def test_any_text_gets_an_answer(text: str) -> None:
    refusal(text)


@given(st.sampled_from([text for text in EVENTS if text not in WRONGLY_REFUSED]), st.sampled_from(["", " ", ".", "!"]))
def test_blanks_and_ends_do_not_matter(text: str, end: str) -> None:
    assert refusal(f" {text}{end}") is None
