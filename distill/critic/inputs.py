"""Triples as input of a critic: the event, and the relation's words with the tail.

Persons get first names, since language models know those. The head's text draws the names, so a triple has the same
input alone and in any batch. A bare tail reads alike in all styles: "happy", "to be happy" and "PersonX be happy" are
"happy" after "PersonX feels".
"""

import re
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
_TO_BE = re.compile(r"(?i)(?:to )?(?:be|is|are|am|was|were|feels?|felt) (?=\S)")
_TO_WANT = re.compile(r"(?i)(?:(?:wants?|wanted|needs?|needed) )?to (?=\S)")
_SUBJECTS = {"X": ("PersonX ",), "other": ("PersonY ", "PersonZ ", "people ", "others ", "they ")}


def texts(head: str, relation: Relation, tail: str) -> tuple[str, str]:
    """The event, and the relation's words with the tail, both with first names."""
    return named(*unnamed(head, relation, tail))


def unnamed(head: str, relation: Relation, tail: str) -> tuple[str, str]:
    """The same with PersonX, PersonY and PersonZ."""
    return _persons(head), f"{RELATIONS[relation].phrase} {bare_tail(relation, _persons(tail))}"


def named(event: str, clause: str, seed: int = 0) -> tuple[str, str]:
    """Both texts with first names. seed: 0 to 2**32 - 1, another one draws other names."""
    drawn = crc32(event.encode(), seed)
    step = 1 + drawn // len(_NAMES) % (len(_NAMES) - 1)
    names = {person: _NAMES[(drawn + n * step) % len(_NAMES)] for n, person in enumerate("XYZ")}
    return _PERSON.sub(lambda m: names[m[1]], event), _PERSON.sub(lambda m: names[m[1]], clause)


def bare_tail(relation: Relation, tail: str) -> str:
    """The tail without the words that repeat those of its relation: subject, "to", "be"."""
    info = RELATIONS[relation]
    if info.group == "physical" or info.whose == "thing":
        return tail
    for subject in _SUBJECTS[info.whose]:
        tail = tail.removeprefix(subject) or tail
    last = info.phrase.rpartition(" ")[2]
    if last in ("feels", "feel", "as"):
        return _TO_BE.sub("", tail, count=1) if _TO_BE.match(tail) else tail
    if last in ("wants", "want", "wanted", "needed"):
        return _TO_WANT.sub("", tail, count=1) if _TO_WANT.match(tail) else tail
    return tail


def _persons(text: str) -> str:
    """Persons in canonical spelling, no blank before 's."""
    return canonical(_PEOPLE.sub("people", text))
