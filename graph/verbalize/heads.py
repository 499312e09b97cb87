"""Heads: an event, a bare action or a thing, and the blanks of some."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from graph.verbalize.tails import read_tail
from graph.verbalize.words import DETERMINERS, article, is_gerund, is_plural, noun_of, with_article
from schemas.events import canonical, persons

HeadKind = Literal["clause", "action", "thing"]
Shape = tuple[HeadKind, tuple[str, ...], bool]

_SOMEBODY = re.compile(r"Person[XYZ](?!'s)")
_BLANK = re.compile(
    r"(?P<owner>Person[XYZ]'s )?(?P<article>\b(?:an?|the|some|every|his|her|their) )?"
    r"(?P<adjective>(?:(?<=\ba )|(?<=\ban ))[\w-]+ )?___"
)


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A head.

    kind: what it is.
    persons: those in it, in order.
    is_plural: a noun phrase in the plural.
    """

    text: str
    kind: HeadKind
    persons: tuple[str, ...] = ()
    is_plural: bool = False

    @property
    def shape(self) -> "Shape":
        """All but the text: what follows it in a sentence depends on no more."""
        return self.kind, self.persons, self.is_plural

    @property
    def has_blank(self) -> bool:
        """True for a head with a blank to fill."""
        return "___" in self.text


@lru_cache(1 << 16)
def read_head(text: str) -> Head:
    """Read a head."""
    text = canonical(text)
    people = tuple(persons(text))
    if _SOMEBODY.search(text):
        return Head(text, "clause", people)
    tail = read_tail(text, "thing", ())
    if tail.kind in ("clause", "action"):
        return Head(tail.text, tail.kind, people)
    if text.startswith("___ "):
        return Head(text, "clause", people)
    plural = is_plural(noun_of(tail.text)) and not is_gerund(tail.text.partition(" ")[0])
    return Head(tail.text, "thing", people, plural)


def without_blanks(text: str) -> str:
    """ "a new ___" as "something new", "PersonX's ___" as "something of PersonX's"."""
    if "___" not in text:
        return text
    text = _BLANK.sub(_something, text, count=1)
    return _BLANK.sub(_something_else, text)


def _something(match: "re.Match[str]") -> str:
    owner = f" of {match['owner'].strip()}" if match["owner"] else ""
    adjective = f" {match['adjective'].strip()}" if match["adjective"] else ""
    return f"something{adjective}{owner}"


def _something_else(match: "re.Match[str]") -> str:
    return _something(match).replace("something", "something else", 1)


def filled(text: str, things: Sequence[str], join: str) -> str:
    """The text with things in its first blank. An article or owner of the text goes before them."""
    match = _BLANK.search(text)
    if match is None:
        return text
    start, end = match.span()
    determiner = (match["owner"] or "") + (match["article"] or "")
    rest = match["adjective"] or ""
    words = [_fitting(thing, determiner, rest) for thing in things]
    listed = joined(words, join)
    if words and not determiner.startswith("a") and words[0] == things[0].strip() and _has_determiner(words[0]):
        determiner = ""
    return without_blanks(
        text[:start] + ("" if determiner.startswith(("a ", "an ")) else determiner) + listed + text[end:]
    )


def _fitting(thing: str, determiner: str, adjective: str) -> str:
    if not determiner:
        return with_article(thing)
    if determiner in ("a ", "an "):
        return (
            thing
            if _has_determiner(thing) or is_plural(noun_of(thing))
            else f"{article(adjective + thing)} {adjective}{thing}"
        )
    return re.sub(r"^(?:the|an?) ", "", thing) if not thing.startswith("Person") else thing


def _has_determiner(thing: str) -> bool:
    first = thing.partition(" ")[0]
    return first.lower() in DETERMINERS or first.startswith("Person")


def joined(words: Sequence[str], join: str) -> str:
    """Words as a list: "a, b and c"."""
    return f"{', '.join(words[:-1])} {join} {words[-1]}" if len(words) > 1 else words[0] if words else ""
