"""Is a text in English? Decided on its words as they are typed, by word lists alone.

Words of the text that are function words ("mi", "och", "und") of another language, or that no English list has, speak
against English. English function words, and other listed ones, speak for it. Persons, and names after the first word,
are left aside. The function words are the stop words that spaCy brings, read as files: nothing of spaCy is imported.
"""

import re
import runpy
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from graph.normalization.first_names import is_first_name
from graph.normalization.spelling import unaccented, word_list

_LANGUAGES = ("es", "fr", "de", "it", "pt", "nl", "sv", "da", "nb", "pl", "fi", "tr", "ro", "cs", "hu", "id", "ca")
_ASIDE = re.compile(r"(?:Person|People)[XYZ](?:'s)?(?!\w)|___")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_MORE_ENGLISH = frozenset(
    [
        "a",
        "i",
        "don",
        "t",
        "s",
        "m",
        "re",
        "am",
        "is",
        "im",
        "u",
        "ur",
        "lol",
        "omg",
        "ok",
        "oh",
        "hey",
        "yeah",
        "got",
        "get",
        "wanna",
        "gonna",
    ]
)


def is_foreign(text: str) -> bool:
    """True for a text of two words or more that is rather in another language."""
    words = _WORD.findall(_ASIDE.sub(" ", text))
    judged = [w for n, w in enumerate(words) if not (w[0].isupper() and (n or is_first_name(w)))]
    if len(words) < 2 or not judged:
        return False
    against = speaking_for = 0.0
    has_function_word = False
    english, foreign = _function_words()
    spelling = word_list()
    for word in (w.lower().replace("’", "'") for w in judged):
        stem = word.partition("'")[0]
        listed = spelling.has(word)
        if word in english or (stem in english and "'" in word):
            speaking_for += 0.5 if word in foreign else 1
        elif word in foreign and (not listed or word in _NOT_ENGLISH):
            against += 1
            has_function_word = True
        elif listed:
            speaking_for += 0 if word in foreign else 0.5
        elif not word.isascii() and spelling.has(unaccented(word)):
            against += 0.5
        else:
            against += 1
            has_function_word |= not word.isascii()
    return has_function_word and against >= speaking_for


_NOT_ENGLISH = frozenset(
    [
        "la",
        "le",
        "les",
        "de",
        "el",
        "un",
        "une",
        "mi",
        "je",
        "il",
        "et",
        "en",
        "der",
        "das",
        "die",
        "den",
        "und",
        "ich",
        "ist",
        "och",
        "det",
        "ja",
        "si",
        "se",
        "te",
        "tu",
    ]
)


@cache
def _function_words() -> tuple[frozenset[str], frozenset[str]]:
    english = _stop_words("en") | _MORE_ENGLISH
    others = frozenset(word for code in _LANGUAGES for word in _stop_words(code) if len(word) > 1)
    return english, others


def _stop_words(code: str) -> frozenset[str]:
    spec = find_spec("spacy")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("spacy, which brings the function words, is not installed")
    path = Path(spec.origin).parent / "lang" / code / "stop_words.py"
    return frozenset(runpy.run_path(str(path))["STOP_WORDS"])
