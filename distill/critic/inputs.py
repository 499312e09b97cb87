"""Triples as input of a critic: the event, and the relation's words with the tail.

Persons get first names, since language models know those. The head's text draws the names, so a triple has the same
input alone and in any batch. A bare tail reads alike in all styles: "happy", "to be happy" and "PersonX be happy" are
"happy" after "PersonX feels". Infinitives after a person, as some data sets have them, become the present.
"""

import re
from functools import lru_cache
from zlib import crc32

from schemas.events import canonical
from schemas.relations import RELATIONS, Relation

# fmt: off
_NAMES = (
    "Alex", "Anna", "Ben", "Carla", "Chris", "Clara", "David", "Elena", "Emma", "Eric", "Eva", "Felix", "Frank",
    "Helen", "Jack", "James", "Jane", "John", "Julia", "Karen", "Kate", "Kevin", "Laura", "Leo", "Lisa", "Lucas",
    "Lucy", "Maria", "Martin", "Mary", "Michael", "Nina", "Oliver", "Oscar", "Paul", "Peter", "Rachel", "Robert",
    "Robin", "Sam", "Sarah", "Simon", "Sophie", "Steve", "Susan", "Thomas", "Tim", "Tina", "Tom", "Victor", "Vera",
    "Walter", "Zoe",
)
# fmt: on
"""A prime number of names: any step through them meets three different ones."""
_PERSON = re.compile(r"Person([XYZ])")
_PEOPLE = re.compile(r"(?i)\bpeople ?x\b")
_TO_BE = re.compile(r"(?i)^(?:to )?(?:be|is|are|am|was|were|feels?|felt) (?=\S)")
_TO_WANT = re.compile(r"(?i)^(?:(?:wants?|wanted|needs?|needed) )?to (?=\S)")
_SUBJECT_AND_VERB = re.compile(r"(Person[XYZ]|people|it|this|that|there) ([a-z]+)\b")
# fmt: off
_NO_VERBS = frozenset((
    "and", "as", "at", "best", "better", "can", "could", "don", "even", "for", "in", "just", "like", "may", "might",
    "must", "near", "next", "off", "on", "out", "over", "own", "shall", "should", "so", "still", "that", "then",
    "they", "to", "too", "up", "well", "when", "while", "will", "with", "would", "you", "arm", "boss", "doctor",
    "dog", "ear", "eye", "father", "house", "husband", "job", "mother", "people", "wife",
))
# fmt: on
"""Words that are verbs, too, but hardly after a person."""
_BEFORE_PREDICATE = frozenset(["PersonX", "others", "feels", "feel", "as", "wants", "want", "wanted", "needed"])
"""Last words of the phrases that a tail goes on without a subject of its own."""
_SUBJECTS = {"X": ("PersonX ",), "other": ("PersonY ", "PersonZ ", "people ", "others ", "they ")}


def texts(head: str, relation: Relation, tail: str) -> tuple[str, str]:
    """The event, and the relation's words with the tail, both with first names."""
    return named(*unnamed(head, relation, tail))


def unnamed(head: str, relation: Relation, tail: str) -> tuple[str, str]:
    """The same with PersonX, PersonY and PersonZ."""
    return _finite(_persons(head)), f"{RELATIONS[relation].critic} {bare_tail(relation, _persons(tail))}"


def named(event: str, clause: str, seed: int = 0) -> tuple[str, str]:
    """Both texts with first names. seed: 0 to 2**32 - 1, another one draws other names."""
    drawn = crc32(event.encode(), seed)
    step = 1 + drawn // len(_NAMES) % (len(_NAMES) - 1)
    names = {person: _NAMES[(drawn + n * step) % len(_NAMES)] for n, person in enumerate("XYZ")}
    return _PERSON.sub(lambda m: names[m[1]], event), _PERSON.sub(lambda m: names[m[1]], clause)


def bare_tail(relation: Relation, tail: str) -> str:
    """The tail in one style for all data sets: no subject that repeats the relation's, no "be" after "feels"."""
    info = RELATIONS[relation]
    last = info.critic.rpartition(" ")[2]
    if info.whose == "thing" or last not in _BEFORE_PREDICATE:
        return _finite(tail)
    subject = next((subject for subject in _SUBJECTS[info.whose] if tail.startswith(subject)), "")
    predicate = tail.removeprefix(subject)
    if last in ("feels", "feel", "as"):
        return _TO_BE.sub("", predicate)
    if last in ("wants", "want", "wanted", "needed"):
        bare = _TO_WANT.sub("", predicate)
        return f"to {bare}" if bare != predicate or _is_infinitive(bare.partition(" ")[0]) else bare
    if not subject:
        return tail
    verb, blank, rest = predicate.partition(" ")
    return _present(verb, info.whose == "X") + blank + rest


def _persons(text: str) -> str:
    """Persons in canonical spelling, no blank before 's."""
    return canonical(_PEOPLE.sub("people", text))


def _finite(text: str) -> str:
    """ "PersonX make tea" as "PersonX makes tea": some data sets have infinitives."""
    if (match := _SUBJECT_AND_VERB.match(text)) is None:
        return text
    return f"{match[1]} {_present(match[2], match[1] != 'people')}{text[match.end() :]}"


def _present(word: str, is_singular: bool) -> str:
    """The present form of an infinitive. Other words stay as they are."""
    from lemminflect import getInflection

    if not is_singular:
        return "are" if word == "be" else word
    return next(iter(getInflection(word, "VBZ", inflect_oov=False)), word) if _is_infinitive(word) else word


@lru_cache(20_000)
def _is_infinitive(word: str) -> bool:
    """True for the infinitive of a verb that is no form of another verb, as "found" and "saw" are."""
    from lemminflect import getLemma

    return word not in _NO_VERBS and getLemma(word, "VERB", lemmatize_oov=False) == (word,)
