"""Tails as data sets write them, each read as an action, a quality, a thing or a clause."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from graph.normalization.lexicon import words
from graph.verbalize.words import (
    ADVERBS,
    DETERMINERS,
    FINITE,
    NUMERALS,
    PREPOSITIONS,
    base,
    is_adjective,
    is_adverb,
    is_base,
    is_finite,
    is_gerund,
    is_noun,
    is_plural,
    is_third,
    noun_of,
    parts,
)
from schemas.events import canonical

Kind = Literal["action", "quality", "thing", "clause"]

_SUBJECT = re.compile(r"(?:(?P<person>Person[XYZ])|(?P<pronoun>he|she|they|others|people|i)) (?=\S)", re.IGNORECASE)
_PLAIN = re.compile(r"[a-z](?:[a-oq-z']| (?=[^ ])|p(?!erson))*")
"""A canonical text in lower case without a person."""
SPECIAL = re.compile(r"Person|\b(?:and|or|but|then|his|her|their|one's|himself|herself|themselves|themself|oneself)\b")
"""Words that need more than the first verb to agree."""
_TO = re.compile(r"to (?=\S)", re.IGNORECASE)
_TO_TO = re.compile(r"\bto (?=to\b)", re.IGNORECASE)
_WANTS = re.compile(r"(?:wants?|wanted|needs?|needed)(?= to )", re.IGNORECASE)
_FEELS = re.compile(r"(?:to )?(?:be|is|are|am|was|were|feels?|felt|feeling) (?=\S)", re.IGNORECASE)
_PRONOUNS = words("he she they it i we you there this that everyone everybody someone somebody people")
_NOUN_FIRST = words("water money food love luck fun peace space heat light")


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """A tail.

    kind: what it is.
    text: its words. Those of an action begin with its verb.
    is_bare: the verb of an action is bare, as in "get", not finite, as in "gets".
    subject: the person that the tail began with, if it was cut off.
    is_plain: no word depends on persons but the first verb.
    """

    kind: Kind
    text: str
    is_bare: bool = True
    subject: str | None = None
    is_plain: bool = False


@lru_cache(1 << 16)
def read_tail(text: str, expects: Kind, subjects: tuple[str, ...]) -> Tail:
    """Read a tail.

    expects: what tails of the relation mostly are.
    subjects: persons and pronouns that may be the relation's own subject, and are cut off.
    """
    text = text if _PLAIN.fullmatch(text) else _lower(canonical(text))
    text = _TO_TO.sub("", text) if "to to" in text else text
    subject = _SUBJECT.match(text) if subjects else None
    if subject is not None:
        name = subject["person"] or subject["pronoun"].lower()
        rest = text[subject.end() :]
        if name in subjects and _is_predicate(rest):
            return _of_subject(rest, expects, subject["person"])
    return _read(text, expects)


def _of_subject(rest: str, expects: Kind, person: str | None) -> Tail:
    tail = _read(rest, "quality" if expects == "quality" else "action")
    return Tail(tail.kind, tail.text, tail.is_bare, person, tail.is_plain)


def _is_predicate(text: str) -> bool:
    word = text.partition(" ")[0].lower()
    return is_finite(word) or is_base(word) or is_adverb(word) or word in ("felt", "'d")


def _read(text: str, expects: Kind) -> Tail:
    text = _WANTS.sub("", text, count=1).strip() if expects == "action" and _WANTS.match(text) else text
    if expects == "quality":
        text = _FEELS.sub("", text)
    is_plain = SPECIAL.search(text) is None
    if to := _TO.match(text):
        return Tail("action", text[to.end() :], is_plain=is_plain)
    words = text.lower().split(" ")
    kind = _kind(words, text, expects)
    is_bare = kind != "action" or not _is_finite_action(words)
    return Tail(kind, text, is_bare, None, is_plain)


def _is_finite_action(words: list[str]) -> bool:
    verb = next((word for word in words if not is_adverb(word)), words[0])
    return not is_base(verb) or verb in FINITE


def _kind(words: list[str], text: str, expects: Kind) -> Kind:
    first = words[0]
    if first == "not" and words[1:2] == ["to"]:
        return "action"
    if expects == "quality":
        return _quality(words, text)
    if text.startswith("Person") or first in _PRONOUNS or first in DETERMINERS or first in NUMERALS:
        is_clause = _has_verb(words, expects) and words[1:2] != ["to"]
        return "clause" if is_clause else "thing"
    verb = next((word for word in words if not is_adverb(word)), first)
    if expects == "action":
        return _action(words, verb)
    if expects == "clause" and _has_verb(words, expects):
        return "clause"
    if verb in FINITE or (is_third(verb) and not is_plural(verb)):
        return "action"
    if first in PREPOSITIONS:
        return "quality"
    if is_base(first) and not is_noun(first) and not is_adjective(first):
        return "action"
    if is_adjective(first) and not is_noun(words[-1]):
        return "quality"
    if expects == "clause" and is_base(first) and len(words) > 1:
        return "action"
    return "thing"


def _action(words: list[str], verb: str) -> Kind:
    if verb in FINITE or is_third(verb):
        return "action"
    if words[0] in PREPOSITIONS:
        return "quality"
    if is_gerund(words[0]):
        return "thing"
    if is_base(verb) and verb not in _NOUN_FIRST:
        if not is_adjective(verb) or (len(words) > 1 and not is_noun(words[-1])):
            return "action"
        if is_adjective(verb):
            return "quality" if len(words) == 1 else "thing"
    if not parts(verb) or is_noun(noun_of(" ".join(words))):
        return "quality" if is_adjective(verb) and len(words) == 1 else "thing"
    is_past = "VERB" in parts(verb) and not is_adjective(verb)
    return "action" if is_past else "quality"


def _quality(words: list[str], text: str) -> Kind:
    if words[0] in DETERMINERS or words[0] in NUMERALS:
        if words[:2] == ["one", "of"]:
            return "quality"
        return "thing"
    if words[0] in PREPOSITIONS or text.startswith("Person"):
        return "quality"
    noun = noun_of(text)
    return "thing" if is_noun(noun) and not is_adjective(noun) and "VERB" not in parts(words[0]) else "quality"


def _has_verb(words: list[str], expects: Kind) -> bool:
    """True for a finite verb after a subject."""
    for n, word in enumerate(words[1:], 1):
        before = words[n - 1]
        if word in ("that", "who", "which"):
            return False
        if word in FINITE:
            return True
        if is_third(word) and before not in PREPOSITIONS and before not in DETERMINERS:
            following = words[n + 1] if n + 1 < len(words) else ""
            if not is_plural(word) or (words[0].startswith("person") and n == 1 and not words[0].endswith("'s")):
                return True
            is_verb = following in DETERMINERS or following in ADVERBS or following.startswith("person")
            if is_verb or (
                (not following or following in PREPOSITIONS) and expects == "clause" and not is_plural(before)
            ):
                return True
        if (is_plural(before) or before in ("they", "we", "you", "i", "people")) and is_base(word):
            return True
    return False


def _lower(text: str) -> str:
    """The text without a capital letter that only opens it."""
    first = text.partition(" ")[0]
    if not first[:1].isupper() or first.startswith("Person") or first[1:] != first[1:].lower() or first == "I":
        return text
    small = first.lower()
    is_word = small in DETERMINERS or small in PREPOSITIONS or small in _PRONOUNS or small in ("to", "not")
    return small + text[len(first) :] if is_word or (parts(small) and "PROPN" not in parts(first)) else text


def bare(text: str) -> str:
    """An action with its first verb in the base form."""
    words = text.split(" ")
    for n, word in enumerate(words):
        if not is_adverb(word):
            words[n] = base(word) if is_third(word) or word in ("is", "are", "am") else word
            break
    return " ".join(words)
