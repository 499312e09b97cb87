"""English spelling: the word list, English-looking words, and corrections at edit distance 1.

The list is that of symspellpy (82,834 words with their frequencies, MIT). It is read at the first question.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from string import ascii_lowercase

_WORD_LIST = "frequency_dictionary_en_82_765.txt"
_LEAST_WORDS = 10  # of the list, to have three letters in a row
_LONGEST_WORD = 30  # antidisestablishmentarianism has 28
_UNREAD_OF_A_SLIP = 4  # one slip spoils at most so many threes
_SHORTEST_CORRECTED = 5
_COMMON = 1_000_000  # so often is a word counted that a misspelt one may be it
STRETCHED = re.compile(r"(.)\1{2,}")
"""A letter drawn out: "soooo"."""
_LETTERS_OF_THEIR_OWN = str.maketrans(
    {
        **{"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D"},
        **{"þ": "th", "Þ": "Th", "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe"},
    }
)


@dataclass(frozen=True, slots=True)
class WordList:
    """The word list with its letter trigrams."""

    words: dict[str, int]
    threes: frozenset[tuple[str, str, str]]

    def has(self, word: str) -> bool:
        """Listed, as it is or as a contraction, with letters drawn out ("soooo"), or as two listed words in one."""
        forms = {word, STRETCHED.sub(r"\1", word), STRETCHED.sub(r"\1\1", word)}
        if "'" in word:
            forms |= {word.replace("'", ""), word.removesuffix("n't"), word.partition("'")[0]}
        return any(form in self.words for form in forms) or self._joins_two(word)

    def is_misspelt(self, word: str) -> bool:
        """A listed word with one letter too many, too few or wrong, or with two changed over."""
        if not 6 <= len(word) <= _LONGEST_WORD or self._unread(word) > _UNREAD_OF_A_SLIP:
            return False
        return any(other in self.words for other in _one_slip_away(word))

    def corrected(self, word: str) -> str:
        """The commonest word with one letter more, or two changed over, else with one less. The first letter stays."""
        if not _SHORTEST_CORRECTED <= len(word) <= _LONGEST_WORD or not word.isalpha() or word in self.words:
            return word
        near = [w for w in _one_letter_off(word) if w[:1] == word[0] and self.words.get(w, 0) >= _COMMON]
        return max(near, key=lambda w: (len(w) >= len(word), self.words[w]), default=word)

    def reads(self, word: str) -> bool:
        """Whether each three letters in a row are those of English words."""
        return len(word) <= _LONGEST_WORD and self._unread(word) == 0

    def _joins_two(self, word: str) -> bool:
        return len(word) <= _LONGEST_WORD and any(
            word[:cut] in self.words and word[cut:] in self.words for cut in range(3, len(word) - 2)
        )

    def _unread(self, word: str) -> int:
        edged = " " + STRETCHED.sub(r"\1\1", word) + " "
        return sum(three not in self.threes for three in zip(edged, edged[1:], edged[2:], strict=False))


def _one_slip_away(word: str) -> Iterable[str]:
    changed = (word[:cut] + letter + word[cut + 1 :] for cut in range(len(word)) for letter in ascii_lowercase)
    return chain(_one_letter_off(word), changed)


def _one_letter_off(word: str) -> Iterable[str]:
    parts = [(word[:cut], word[cut:]) for cut in range(len(word) + 1)]
    return chain(
        (a + b[1:] for a, b in parts if b),
        (a + b[1] + b[0] + b[2:] for a, b in parts if len(b) > 1),
        (a + letter + b for a, b in parts for letter in ascii_lowercase),
    )


@cache
def word_list() -> WordList:
    """The list, read once."""
    spec = find_spec("symspellpy")  # found, not imported: only its list is wanted
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("symspellpy, which brings the word list, is not installed")
    lines = (Path(spec.origin).parent / _WORD_LIST).read_text("utf-8-sig").splitlines()
    words = {word: int(count) for word, _, count in (line.partition(" ") for line in lines)}
    row = " ".join(words).replace("'", "")
    counts = Counter(zip(row, row[1:], row[2:], strict=False))
    return WordList(words, frozenset(three for three, n in counts.items() if n >= _LEAST_WORDS and three[1] != " "))


def unaccented(text: str) -> str:
    """ "creme brulee" for "crème brûlée". Letters of other scripts stay."""
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFKD", text).translate(_LETTERS_OF_THEIR_OWN)  # "ǿ" has both
    return unicodedata.normalize("NFC", "".join(c for c in parts if not unicodedata.combining(c)))
