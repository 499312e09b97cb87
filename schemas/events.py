"""The canonical form of an event: one spelling for what is certainly the same event.

Only differences that cannot change the meaning are removed. Whether two different texts mean the
same is a question for matching, not for this module: "wins" and "wins?", "China" and "china",
"PersonX hits PersonY" and "PersonY hits PersonX" stay apart.
"""

import re
import unicodedata

from schemas.errors import BadInput

MAX_EVENT = 300
"""Longest event, in characters. ATOMIC's longest head has 82."""
MAX_TAIL = 500
"""Longest tail, in characters. ATOMIC's longest has 158."""

_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_PERSON = re.compile(r"(?<![^\W_])person[ -]?([xyz])(?![^\W_])", re.IGNORECASE)
_POSSESSIVE = re.compile(r"(?<=Person[XYZ]) ?'s(?!\w)", re.IGNORECASE)
_BLANK = re.compile(r"(?<!\w)_+(?!\w)|__+")
_FINAL = re.compile(r"[\s.!,;:…]+$")
_PLAIN = re.compile(r"Person[XYZ](?:'s)?(?: (?!(?i:person))[A-Za-z]+(?:'[a-z]{1,2})?| Person[XYZ](?:'s)?)+")
"""Most events in canonical form, so that the six steps to it need not be taken. Others may be canonical, too."""
_QUOTES = str.maketrans("\u2018\u2019\u02bc\u201c\u201d", "'''\"\"")
_OPENING = re.compile(
    r"^(The|An|A|This|That|These|Those|It|He|She|They|We|You|His|Her|Their|My|Our|Your)(?= [a-z_]| Person[XYZ])"
)


def tidy(text: str) -> str:
    """Unicode NFC, no invisible characters, single spaces. What tails and events have in common."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    return _SPACE.sub(" ", text).strip()


def canonical(text: str) -> str:
    """The canonical form of an event, without a check of its length; may be empty.

    NFC and single spaces; straight quotes; "Person X", "personx", "PERSONX'S" → "PersonX", "PersonX's";
    a blank is "___"; no final . ! , ; : (a question mark is kept: it can change what is said); an
    opening article or pronoun in lower case ("The dog barks" → "the dog barks"). Idempotent.
    """
    if _PLAIN.fullmatch(text):
        return text
    text = tidy(text.replace("\u037e", "?")).translate(_QUOTES)  # NFC makes a semicolon of the Greek question mark
    text = _PERSON.sub(lambda m: "Person" + m[1].upper(), text)
    text = _POSSESSIVE.sub("'s", text)
    text = _BLANK.sub("___", text)
    text = _FINAL.sub("", text)
    return _OPENING.sub(lambda m: m[1].lower(), text)


def parse_event(text: str, field: str = "event") -> str:
    """The canonical form of an event that somebody gave us. Raises BadInput where it is empty, over-long or no text."""
    if not is_text(text):
        raise BadInput.of(field, text, "valid Unicode text")
    if len(text) > MAX_EVENT:
        raise BadInput.of(field, text, f"at most {MAX_EVENT} characters long (it has {len(text)})")
    if not has_letter(text):
        raise BadInput.of(field, text, "a text with at least one letter or digit")
    return canonical(text)


def has_letter(text: str) -> bool:
    """True for a text with at least one letter or digit: less can be no event."""
    return any(c.isalnum() for c in text)


def is_text(text: str) -> bool:
    """False for strings that no UTF-8 can carry (lone surrogates, as JSON escapes can smuggle in)."""
    return text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)
