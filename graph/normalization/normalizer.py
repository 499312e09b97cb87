"""Typed text read as a canonical event: "my boss yelled at me" is "PersonX's boss yells at PersonX".

One way through: as it stands, if it is an event already (event_detection.py); else written out for the parser
(cleanup.py), parsed (parser.py), persons told apart (coreference.py), cut into clauses (clauses.py), each put into
words (realization.py), and the persons numbered here.
"""

import re
from dataclasses import dataclass

from graph.normalization.clauses import clauses_in
from graph.normalization.cleanup import for_parser
from graph.normalization.coreference import Person, mentions_in
from graph.normalization.event_detection import is_about_facts, is_event
from graph.normalization.formatting import without_marks
from graph.normalization.language import is_foreign
from graph.normalization.parser import parse, parsing
from graph.normalization.plausibility import CALL
from graph.normalization.realization import Piece, Wording
from schemas.errors import BadInput
from schemas.events import PERSON, canonical

_PLACEHOLDERS = ("PersonX", "PersonY", "PersonZ")
_CODE = re.compile(rf"\w\([^)]*\)\s*[:;{{]|{CALL}")
"""A call or a block of code, whose brackets would be read as an aside."""
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class NormalizedEvent:
    """A text as a canonical event, with its persons."""

    event: str
    """The canonical event of the chosen clause."""
    roles: dict[str, str]
    """The words for each person in `event`: {"PersonX": "I", "PersonY": "Tom"}."""
    clauses: tuple[str, ...]
    """The canonical events of all clauses; one for a simple sentence."""
    clause: int
    """The index of `event` in `clauses`."""
    as_is: bool
    """The text was an event already: nothing was parsed or loaded."""


@dataclass(frozen=True, slots=True)
class _Told:
    clauses: tuple[str, ...]
    roles: dict[str, str]


def read_event(text: str, clause: int | None = None) -> NormalizedEvent:
    """The event of a text: of its first main clause, or of the given one. Raises BadInput for a clause out of range."""
    event = _without_marks(text)
    as_is = is_event(event)
    told = _Told((event,), {}) if as_is or not _can_be_read(event) else _settled(event)
    chosen = clause or 0
    if not 0 <= chosen < len(told.clauses):
        allowed = "0 (the text has one clause)" if len(told.clauses) == 1 else f"between 0 and {len(told.clauses) - 1}"
        raise BadInput.of("clause", clause, allowed)
    answer = told.clauses[chosen]
    roles = {person: words for person, words in told.roles.items() if person in answer}
    return NormalizedEvent(answer, roles, told.clauses, chosen, as_is)


def _without_marks(text: str) -> str:
    return canonical(without_marks(canonical(text)))


def _can_be_read(text: str) -> bool:
    """False for other languages, questions about facts and code. All stay as typed."""
    return not is_foreign(text) and not is_about_facts(text) and _CODE.search(text) is None


def _settled(event: str) -> _Told:
    """Reading repeated until nothing changes, so that the result reads as itself."""
    told = _told(event)
    for _ in range(_ROUNDS):
        again = {one: _told(one) for one in told.clauses if not is_event(one)}
        if all(reread.clauses == (one,) for one, reread in again.items()):
            return told
        roles = dict(told.roles)
        clauses = tuple(_joined(again[one], roles) if one in again else one for one in told.clauses)
        told = _Told(clauses, roles)
    return _Told((event,), {})


def _joined(reread: _Told, roles: dict[str, str]) -> str:
    """A clause with a person found only in the second reading, numbered after the others."""
    places: dict[str, str] = {}
    for place, words in reread.roles.items():
        known = next((known for known, others in roles.items() if others == words), None)
        free = next((one for one in _PLACEHOLDERS if one not in roles), None)
        chosen = known or free or place
        roles.setdefault(chosen, words)
        places[place] = chosen
    return re.sub(PERSON, lambda found: places.get(found[0], found[0]), reread.clauses[0])


def _told(event: str) -> _Told:
    with parsing():
        return _parsed(event)


def _parsed(event: str) -> _Told:
    sentence = for_parser(event)
    doc = parse(sentence)
    wording = Wording(mentions_in(doc))
    numbers: dict[Person, str] = {}
    texts: list[str] = []
    for clause in clauses_in(doc):
        pieces = wording.of(clause)
        for piece in pieces:
            if piece.person is not None and piece.person not in numbers and len(numbers) < len(_PLACEHOLDERS):
                numbers[piece.person] = _PLACEHOLDERS[len(numbers)]
        if text := _without_marks(_written(pieces, numbers)):
            texts.append(text)
    if not texts:
        return _Told((event,), {})
    return _Told(tuple(texts), {place: person.words for person, place in numbers.items()})


def _written(pieces: list[Piece], numbers: dict[Person, str]) -> str:
    text = ""
    for piece in pieces:
        word = piece.text
        if piece.person is not None and piece.person in numbers:
            word = numbers[piece.person] + ("'s" if piece.possessive else "")
        text += word if piece.glued or not text else " " + word
    return text
