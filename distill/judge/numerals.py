"""Numbers in words and digits."""

import re

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth"
)
_TENTHS = "twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth"
_CARDINALS: dict[str, int] = {
    **{word: value for value, word in enumerate(_UNITS.split())},
    **{word: 10 * value for value, word in enumerate(_TENS.split(), 2)},
    **{"hundred": 100, "thousand": 1000, "million": 1000000, "dozen": 12, "both": 2},
}
_NUMBERS: dict[str, str] = {
    **{word: str(value) for word, value in _CARDINALS.items()},
    **{"half": "0.5", "once": "1 time", "twice": "2 times", "thrice": "3 times"},
    **{word: f"{value}th" for value, word in enumerate(_ORDINALS.split(), 1)},
    **{word: f"{10 * value}th" for value, word in enumerate(_TENTHS.split(), 2)},
}
_DIGITS = re.compile(r"\d+(?:[.,:]\d+)*")


def number_of(word: str) -> str | None:
    """The number of a word, in digits. None for other words, and for "one", since it is often a pronoun."""
    if word in ("one", "1"):
        return None
    if word in _NUMBERS:
        return _NUMBERS[word]
    if ordinal := re.fullmatch(r"(\d+)(st|nd|rd|th)", word):
        return f"{ordinal[1]}th"
    if digits := _DIGITS.search(word):
        return digits[0].replace(",", "")
    parts = word.split("-")
    if len(parts) < 2 or any(part not in _NUMBERS for part in parts):
        return None
    tens, *units = parts
    if tens in _TENS.split() and len(units) == 1 and re.fullmatch(r"[1-9](th)?", _NUMBERS[units[0]]):
        return f"{_CARDINALS[tens] // 10}{_NUMBERS[units[0]]}"
    return "-".join(_NUMBERS[part] for part in parts)
