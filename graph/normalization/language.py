"""Is a text in English? Decided on its words as they are typed, by word lists alone.

Function words of other languages ("mi", "och", "und") and unlisted words speak against English. English function words,
and other listed ones, speak for it. Persons, and names after the first word,
are left aside. The function words are the stop words that spaCy brings, read as files: nothing of spaCy is imported.
"""

import re
import runpy
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from graph.normalization.first_names import is_first_name
from graph.normalization.lexicon import words
from graph.normalization.spelling import unaccented, word_list

_LANGUAGES = ("es", "fr", "de", "it", "pt", "nl", "sv", "da", "nb", "pl", "fi", "tr", "ro", "cs", "hu", "id", "ca")
_ASIDE = re.compile(r"(?:Person|People)[XYZ](?:'s)?(?!\w)|___")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_ELISION = re.compile(r"(?:j|l|qu|c|n|m|s)'(?!mon\b|you\b|am\b|all\b|s\b|t\b)[aeiouyhéèêàâ]")
_MORE_ENGLISH = words(
    "a i don t s m re am is im u ur lol omg ok oh hey yeah got get wanna gonna ha hi fi yo mr mrs ms dr"
)
_NOT_ENGLISH = words(
    "le les de el un una mi je il et en der das den und ich ist och det ja si se te tu mon ma mes sur par pas ne du au "
    "est que qui con por muy al lo su di da do um em van mit von zu er sie ein eine bin dig din hun per non che io "
    "ten nie des une elle nous vous ce ces es sa ik ben mijn hoy mam"
)
"""Function words of other languages, listed in English as names and abbreviations."""


def is_foreign(text: str) -> bool:
    """True for a text of two words or more with more evidence for another language."""
    typed = _WORD.findall(_ASIDE.sub(" ", text))
    judged = {
        w.lower().replace("’", "'") for n, w in enumerate(typed) if not (w[0].isupper() and (n or is_first_name(w)))
    }
    if len(judged) < 2:
        return False
    english, foreign = _function_words()
    spelling = word_list()
    speaking_for, function_words, unlisted = 0.0, 0, 0
    for word in judged:
        stem = word.partition("'")[0]
        if word in english or (stem in english and "'" in word):
            speaking_for += 0.5 if word in foreign else 1
        elif word in _NOT_ENGLISH or _ELISION.match(word) or (word in foreign and word not in spelling.words):
            function_words += 1
        elif word in spelling.words or unaccented(word).replace("'", "") in spelling.words:
            speaking_for += 0 if word in foreign else 0.5
        else:
            unlisted += 1
    looks_foreign = any((word in foreign and word not in english) or not word.isascii() for word in judged)
    return (function_words > 0 or (unlisted > 1 and looks_foreign)) and function_words + unlisted >= speaking_for


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
