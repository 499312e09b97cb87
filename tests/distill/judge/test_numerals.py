"""Numbers in words and in digits are the same numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.judge.numerals import number_of
from distill.judge.rules import difference, same_words, sides

ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
IRREGULAR = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth"}


def in_words(number: int) -> str:
    if number < 20:
        return ONES[number]
    tens, ones = divmod(number, 10)
    return TENS[tens - 2] + (f"-{ONES[ones]}" if ones else "")


def ordinal(number: int) -> str:
    before, dash, last = in_words(number).rpartition("-")
    last = IRREGULAR.get(last) or (last[:-1] + "ie" if last.endswith("y") else last.replace("lve", "lf")) + "th"
    return before + dash + last


def in_digits(number: int) -> str:
    teen = 10 < number % 100 < 20
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


@given(st.integers(2, 99))
def test_a_number_in_words_is_its_digits(number: int) -> None:
    assert number_of(in_words(number)) == str(number)


@given(st.integers(1, 99))
def test_a_place_in_words_is_its_digits(number: int) -> None:
    assert number_of(ordinal(number)) == number_of(in_digits(number)) != number_of(str(number))


@given(st.integers(2, 10**12))
def test_commas_between_thousands_do_not_matter(number: int) -> None:
    assert number_of(f"{number:,}") == str(number)


@given(st.integers(2, 99), st.integers(2, 99), st.booleans())
def test_only_other_numbers_are_a_difference(one: int, other: int, is_place: bool) -> None:
    words, digits = (ordinal(one), in_digits(other)) if is_place else (in_words(one), str(other))
    a, b = sides(f"PersonX eats the {words} pie"), sides(f"PersonX eats the {digits} pie")
    reason = difference(a, b)
    assert same_words(a, b) is (one == other)
    assert (reason is None) is (one == other)
    assert reason is None or reason.startswith("number")


@pytest.mark.parametrize("word", ["one", "1", "bread", "a", "twenty-bread", "hundreds", "second-hand", "", "-"])
def test_other_words_are_no_number(word: str) -> None:
    assert number_of(word) is None


def test_a_time_and_a_fraction_keep_their_parts() -> None:
    assert [number_of(word) for word in ("7:30", "2.5", "half", "twice")] == ["7:30", "2.5", "0.5", "2 times"]
