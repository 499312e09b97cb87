"""First names in place of PersonX, PersonY and PersonZ, and back: a language model writes better about named people.

West et al. (2022), section 3. Names are replaced at word boundaries, so "Alexander" never becomes "PersonXander".
"""

import random
import re
from collections.abc import Mapping

from schemas.events import LETTER, PERSON, canonical

NAMES = (
    "Alex", "Avery", "Blair", "Casey", "Charlie", "Dana", "Devon", "Elliot", "Emerson", "Finley", "Jamie", "Jesse",
    "Jordan", "Kendall", "Lee", "Morgan", "Noel", "Parker", "Quinn", "Reese", "Riley", "Robin", "Rowan", "Sam",
    "Sidney", "Skyler", "Taylor", "Terry",
)  # fmt: skip
"""First names of any gender."""

_PERSON = re.compile(rf"(?<!{LETTER})({PERSON})(?!{LETTER})")


def drawn(event: str, draw: random.Random) -> dict[str, str]:
    """A name for each of PersonX, PersonY and PersonZ. No name is in the event already."""
    free = [name for name in NAMES if name.casefold() not in event.casefold()]
    return dict(zip(("PersonX", "PersonY", "PersonZ"), draw.sample(free, 3), strict=True))


def with_names(text: str, names: Mapping[str, str]) -> str:
    """The text with names for its persons."""
    return _PERSON.sub(lambda person: names[person[1]], text)


def with_persons(text: str, names: Mapping[str, str]) -> str:
    """The text with persons for these names. Possessives stay: "Alex's" becomes "PersonX's"."""
    persons = {name: person for person, name in names.items()}
    pattern = rf"(?<!{LETTER})({'|'.join(map(re.escape, persons))})(?!{LETTER})"
    replaced = re.sub(pattern, lambda name: persons[name[1]], text)
    return canonical(replaced) if replaced != text else text
