"""A text read as an event: the words that two texts of the same event share, and the small words between them.

"to buy a car", "buys car" and "PersonX buys the cars" share the key "buys car". The articles before "car" differ.
"""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from graph.links.nouns import singular
from graph.links.verbs import ACTIONS, third_person
from graph.normalization.lexicon import words
from schemas.events import canonical
from schemas.relations import RELATIONS, Relation

Reading = Literal["X", "other"]
"""The subject of a tail. "X": PersonX. "other": another person, the PersonX of the tail's event."""
READINGS: tuple[Reading, ...] = get_args(Reading)
ACTOR = "PersonX "
Mark = Literal["", "a", "the", "some", "his", "her", "PersonX's"]

_ARTICLES: dict[str, Mark] = {"a": "a", "an": "a", "the": "the", "some": "some"}
_POSSESSIVES: dict[str, Mark] = dict.fromkeys(("his", "their", "one's"), "his")
_SUBJECTS = frozenset(("he", "she", "they"))
_OBJECTS = frozenset(("him", "her", "them"))
_PLAIN = re.compile(r"[a-z](?:[a-oq-z']|p(?!erson)| (?=[^ ]))*")
"""Canonical texts in lower case without a person: most tails. `canonical` takes longer than all the rest."""
_OTHER = {"PersonX": "PersonY", "PersonY": "PersonX"}
_LETTERS = {"x": "PersonX", "y": "PersonY", "x's": "PersonX's", "y's": "PersonY's"}
_ADVERBS = frozenset(("not", "never", "always", "also", "just", "still", "then", "finally", "really", "now", "all"))
_NO_VERBS = words(
    "this that these those any no one two three it there who what how for in on at of with from because if and or so "
    "more very too you i we her own"
).union(_ARTICLES, _POSSESSIVES)


def reading_of(relation: Relation) -> Reading | None:
    """The reading of the tails of a relation. None: they are no events."""
    info = RELATIONS[relation]
    if not info.event_tails:
        return None
    return "other" if info.whose == "other" else "X"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text read as an event.

    text: the text.
    key: its words in the singular, the verb in the third person. The subject is PersonX. Texts of the same event have
        the same key.
    verb: the verb as written.
    words: the words of the key as written.
    marks: the article or possessive before each of them.
    has_pronouns: True if a pronoun or a letter stands for a person.
    has_them: True if "them" stands for another person than PersonX of the triple. It may be things.
    is_action: True if the text is certainly no noun: it has a subject, "to", or a common verb.
    """

    text: str
    key: str
    verb: str = ""
    words: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    has_pronouns: bool = False
    has_them: bool = False
    is_action: bool = False


def phrase(text: str, reading: Reading = "X") -> Phrase:
    """A tail or an event as a phrase.

    The words are those of the reading: for "other", PersonX and PersonY change places. A text without a verb at its
    place has the key of nothing but the same text, and none at all if its persons would change.
    """
    tokens = _words(text, reading)
    start = 0
    while start < len(tokens) - 1 and tokens[start] == "to":
        start += 1
    is_action = start > 0
    has_pronouns = tokens[start] in _SUBJECTS
    if has_pronouns or tokens[start] == "PersonX":
        is_action = True
        start += 1
    verb = start
    while verb < len(tokens) - 1 and tokens[verb] in _ADVERBS:
        verb += 1
    if verb >= len(tokens) or tokens[verb] in _NO_VERBS or tokens[verb].startswith("Person"):
        is_same = reading == "X" or "Person" not in text
        return Phrase(text, f"= {text}" if is_same else "")
    kept, marks, mark, has_them = list[str](), list[Mark](), "", False
    for n, word in enumerate(tokens[start:], start):
        is_last = n == len(tokens) - 1
        found = None if is_last else _mark(word, tokens[n + 1])
        if found is not None:
            mark = found
            continue
        if word == "own" and not is_last and mark in ("his", "her", "PersonX's"):
            continue
        if word in _OBJECTS:
            has_them = has_them or (word == "them" and reading == "X")
            word, has_pronouns = "PersonY", True
        elif n == verb or (tokens[n - 1] == "and" and n > verb):
            word = third_person(word)
        kept.append(word)
        marks.append(mark)
        mark = ""
    key = " ".join(word if n <= verb - start else singular(word) for n, word in enumerate(kept))
    is_action = is_action or third_person(tokens[verb]) in ACTIONS
    return Phrase(text, key, tokens[verb], tuple(kept), tuple(marks), has_pronouns, has_them, is_action)


def event_of(text: str, reading: Reading = "X") -> str | None:
    """A tail as an event: "to get fired" → "PersonX gets fired". None for a probable noun, and after "not".

    reading: for "other", PersonX and PersonY change places.
    """
    read = phrase(text, reading)
    words = _read_as(reading, canonical(text).split(" "))
    if words[0].startswith("Person"):
        return " ".join(words)
    if not read.is_action and not (len(read.words) > 1 and third_person(read.verb) == read.verb):
        return None
    while words[0].lower() == "to":
        del words[0]
    if words[0].lower() in _SUBJECTS:
        del words[0]
    verb = 0
    while verb < len(words) - 1 and words[verb].lower() in _ADVERBS:
        verb += 1
    if "not" in words[:verb]:
        return None
    return " ".join([ACTOR.strip(), *words[:verb], third_person(words[verb]), *words[verb + 1 :]])


def _words(text: str, reading: Reading) -> list[str]:
    if _PLAIN.fullmatch(text) is None:
        text = canonical(text).replace(" n't", "n't")
    tokens = [word if word.startswith("Person") else word.lower() for word in text.split(" ")]
    tokens = [_LETTERS.get(word, word.rstrip(",.!;")) for word in tokens]
    return _read_as(reading, tokens)


def _read_as(reading: Reading, tokens: list[str]) -> list[str]:
    """The tokens, with PersonX and PersonY in each other's place for "other"."""
    if reading == "X":
        return tokens
    return [_OTHER.get(word[:7], word[:7]) + word[7:] if word.startswith("Person") else word for word in tokens]


def _mark(word: str, following: str) -> Mark | None:
    """The mark that a word is. None for a word of the key."""
    if word == "PersonX's":
        return "PersonX's"
    if word == "her":
        return None if following in _NO_VERBS else "her"
    return _ARTICLES.get(word) or _POSSESSIVES.get(word)
