"""The canonical form of an event: one spelling for texts of certainly the same event.

It removes only differences without influence on the meaning. Different are "wins" and "wins?", "China" and "china",
"PersonX hits PersonY" and "PersonY hits PersonX". The judge (distill/judge) decides about two different texts.
"""

import re
import unicodedata

from schemas.errors import BadInput

MAX_EVENT = 300
"""Longest event, in characters. ATOMIC's longest head has 82."""
MAX_TAIL = 500
"""Longest tail, in characters. ATOMIC's longest has 158."""
PERSON = "Person[XYZ]"
"""Regular expression of a person in a canonical event."""
LETTER = r"[^\W_]"
"""Regular expression of a letter or digit. An event or a tail has at least one."""

_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_PERSON = re.compile(r"(?<![^\W_])person[ -]?([xyz])(?![^\W_])", re.IGNORECASE)
_NAMED = re.compile(rf"(?<!{LETTER}){PERSON}(?!{LETTER})")
_POSSESSIVE = re.compile(rf"(?<={PERSON}) ?'s(?!\w)", re.IGNORECASE)
_BLANK = re.compile(r"(?<!\w)_+(?!\w)|__+")
_FINAL = re.compile(r"[\s.!,;:…]+$")
_PLAIN = re.compile(rf"{PERSON}(?:'s)?(?: (?!(?i:person))[A-Za-z]+(?:'[a-z]{{1,2}})?| {PERSON}(?:'s)?)+")
"""Most canonical events. `canonical` returns them at once, as it is called for every row of a file."""
_QUOTES = str.maketrans("\u2018\u2019\u02bc\u201c\u201d", "'''\"\"")
_OPENING = re.compile(
    rf"^(The|An|A|This|That|These|Those|It|He|She|They|We|You|His|Her|Their|My|Our|Your)(?= [a-z_]| {PERSON})"
)


def tidy(text: str) -> str:
    """Unicode NFC, no invisible characters, single spaces. Applied to events and tails."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    return _SPACE.sub(" ", text).strip()


def canonical(text: str) -> str:
    """The canonical form of an event. It may be empty, or over the limit of an event.

    - NFC, single spaces, straight quotes.
    - Persons: "Person X", "personx", "PERSONX'S" become "PersonX", "PersonX", "PersonX's".
    - A blank is "___".
    - No final . ! , ; or colon. A question mark stays, as it can change the meaning.
    - An opening article or pronoun in lower case: "The dog barks" becomes "the dog barks".

    Idempotent.
    """
    if _PLAIN.fullmatch(text):
        return text
    text = tidy(text.replace("\u037e", "?")).translate(_QUOTES)  # NFC turns the Greek question mark into a semicolon
    text = _PERSON.sub(lambda m: "Person" + m[1].upper(), text)
    text = _POSSESSIVE.sub("'s", text)
    text = _BLANK.sub("___", text)
    text = _FINAL.sub("", text)
    return _OPENING.sub(lambda m: m[1].lower(), text)


def parse_event(text: str, field: str = "event") -> str:
    """The canonical form of a user's event.

    Raises BadInput for invalid Unicode, for a text or event over MAX_EVENT, and for one without a letter or digit.
    """
    if not is_text(text):
        raise BadInput.of(field, text, "valid Unicode text")
    event = canonical(text) if len(text) <= MAX_EVENT else text
    if len(event) > MAX_EVENT:  # a blank "_" becomes longer
        raise BadInput.of(field, text, f"at most {MAX_EVENT} characters long (it has {len(event)})")
    if not has_letter(text):
        raise BadInput.of(field, text, "a text with at least one letter or digit")
    return event


def persons(event: str) -> list[str]:
    """The persons of a canonical event, each once, in order."""
    return list(dict.fromkeys(_NAMED.findall(event)))


def has_letter(text: str) -> bool:
    """True for a text with at least one letter or digit."""
    return any(c.isalnum() for c in text)


def is_text(text: str) -> bool:
    """False for a string with a lone surrogate: UTF-8 cannot encode it, but a JSON escape can contain it."""
    return text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)
