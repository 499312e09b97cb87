"""The persons of a text: name, pronoun and number of each. Nobody's gender is guessed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from graph.verbalize.words import is_plural
from schemas.events import tidy
from schemas.triples import View

Number = Literal["I", "singular", "plural"]

_FORMS = {
    line.split()[0]: line.split()
    for line in (
        "I me my mine myself",
        "you you your yours yourself",
        "he him his his himself",
        "she her her hers herself",
        "we us our ours ourselves",
        "they them their theirs themselves",
    )
}
"""Subject, object, possessive, possessive without a noun, reflexive."""
_PRONOUNS = {form.casefold(): forms[0] for forms in reversed(_FORMS.values()) for form in forms}
UNNAMED = "\ue000"
"""Stands for "Person" in the name of a person without words, as a text with "PersonX" names that person again."""
SWAPPED = {"PersonX": "PersonY", "PersonY": "PersonX"}
_GIVEN = re.compile(r"(.*\S)\s*\((he|she|they)(?:/\w+)*\)", re.IGNORECASE | re.DOTALL)
_OPENING = re.compile(r"(?:My|Your|His|Her|Our|Their|The|An?|Some)(?= )")
_NOUNS = {
    noun: pronoun
    for pronoun, nouns in {
        "she": "mother mom mum mama grandmother grandma sister aunt niece daughter wife girlfriend woman lady girl mrs "
        "ms miss madam queen princess stepmother",
        "he": "father dad papa grandfather grandpa brother uncle nephew son husband boyfriend man gentleman boy mr sir "
        "king prince stepfather",
    }.items()
    for noun in nouns.split()
}
"""Nouns and titles that say the pronoun."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person.

    name: None if a pronoun is all that is known.
    pronoun: the subject pronoun. None if unknown.
    is_plural: several people, such as "my parents".
    """

    name: str | None
    pronoun: str | None = None
    is_plural: bool = False

    def form(self, case: int) -> str:
        """A form of the pronoun, "they" if it is unknown. case: index in `_FORMS`."""
        if case == 4 and self.name is not None and not self.is_plural and self.pronoun in (None, "they"):
            return "themself"
        return _FORMS[self.pronoun or "they"][case]

    @property
    def number(self) -> Number:
        """Number of a verb after the pronoun."""
        return "singular" if self.pronoun in ("he", "she") else "I" if self.pronoun == "I" else "plural"


class Cast:
    """The persons of a text, and its speaker.

    view: `first` makes one person the speaker: the one with the role "I" or "we", else PersonX.
    roles: words for PersonX, PersonY and PersonZ, each a name, a noun or a pronoun. "Maria (she)" also gives the
        pronoun. A person without words is called PersonX, PersonY or PersonZ.
    """

    def __init__(self, view: View = "third", roles: Mapping[str, str] | None = None) -> None:
        known = {name: _person(words) for name, words in (roles or {}).items()}
        speakers = [name for name, person in known.items() if person.pronoun in ("I", "we")]
        for name in speakers:
            if view == "third":
                del known[name]
        if view == "first" and not speakers:
            known["PersonX"] = Person(None, "I")
        self.known: dict[str, Person] = known

    @cached_property
    def clear(self) -> frozenset[str]:
        """Persons whose pronoun is nobody else's."""
        pronouns = [person.pronoun for person in self.known.values()]
        return frozenset(name for name, one in self.known.items() if one.pronoun and pronouns.count(one.pronoun) == 1)

    @cached_property
    def others(self) -> list[str]:
        """The persons beside PersonX."""
        return [name for name in self.known if name != "PersonX"]

    def of_two(self) -> "Cast":
        """The same persons, and PersonX and PersonY among them: UNNAMED for "Person" if they have no words."""
        cast = Cast()
        cast.known = {name: Person(name.replace("Person", UNNAMED)) for name in SWAPPED} | self.known
        return cast

    def swapped(self) -> "Cast":
        """The same persons, PersonX and PersonY in each other's place."""
        cast = Cast()
        cast.known = {SWAPPED.get(name, name): person for name, person in self.of_two().known.items()}
        return cast

    def __getitem__(self, person: str) -> Person:
        return self.known.get(person) or _UNNAMED[person]

    def subject(self, person: str, named: frozenset[str]) -> tuple[str, Number]:
        """The person as a subject, and the number of its verb. named: persons named before."""
        one = self[person]
        if one.name is None or (person in named and person in self.clear):
            return one.form(0), one.number
        return one.name, "plural" if one.is_plural else "singular"

    def object(self, person: str, named: frozenset[str]) -> str:
        """The person as an object."""
        one = self[person]
        return one.form(1) if one.name is None or (person in named and person in self.clear) else one.name

    def possessive(self, person: str, named: frozenset[str], *, alone: bool = False) -> str:
        """The person as an owner. alone: without a noun after it, as in "a friend of hers"."""
        one = self[person]
        if one.name is None or (person in named and person in self.clear):
            return one.form(3 if alone else 2)
        return f"{one.name}'" if one.is_plural and one.name.endswith("s") else f"{one.name}'s"


_UNNAMED = {name: Person(name) for name in ("PersonX", "PersonY", "PersonZ")}


def _person(words: str) -> Person:
    words = tidy(words)
    if (pronoun := _PRONOUNS.get(words.casefold())) is not None:
        return Person(None, pronoun, pronoun in ("we", "they"))
    given = _GIVEN.fullmatch(words)
    name = given[1] if given else words
    name = _OPENING.sub(lambda m: m[0].lower(), name)
    first, last = name.partition(" ")[0].casefold().rstrip("."), name.rpartition(" ")[2].casefold()
    is_noun = name[:1].islower()
    plural = " and " in name or (is_noun and is_plural(last))
    pronoun = given[2].lower() if given else _NOUNS.get(last if is_noun else first)
    return Person(name, "they" if plural else pronoun, plural)
