"""First names, their gender, and their other uses as words and places."""

from functools import cache
from pathlib import Path
from typing import Literal

from graph.normalization.lexicon import words

Gender = Literal["she", "he"]

TITLES: dict[str, Gender | None] = {
    **dict.fromkeys(words("mr mister sir uncle king prince father brother"), "he"),
    **dict.fromkeys(words("mrs ms miss madam aunt auntie queen princess sister"), "she"),
    **dict.fromkeys(words("dr doctor prof professor coach officer captain president judge detective sergeant senator")),
}
"""Words before a name, with their gender."""

_RARE = 0.004
"""Per cent of people: rarer first names are mostly other words ("My", "See", "So")."""
_CLEARLY = 4
"""So many times more often one gender than the other."""
_PLACES = words(
    "china india paris asia africa ireland georgia virginia carolina dakota austin dallas houston florence "
    "sydney london brooklyn israel jordan kenya cuba jersey chelsea lincoln madison phoenix savannah america "
    "lima milan vienna sidney cleveland denver columbus orlando washington lancaster charlotte troy memphis "
    "valencia geneva odessa alexandria"
)
_ALSO_WORDS = _PLACES | words(
    "will mark rose grace hope bill pat may june april august art drew jack faith joy dawn summer autumn dale "
    "glen rob sue chase grant wade rich frank earnest ray guy lane gay penny crystal amber ruby pearl ivy "
    "daisy lily iris violet olive ginger heather holly jasmine melody harmony destiny cherry candy star misty "
    "sunny sky skip buck chuck clay cliff curt dean duke forest gene hunter josh lance max miles nick norm "
    "page peg robin sandy sherry tab ty van victor ward worth young angel christian carol an my so see long "
    "man in do ma la le love can many mercy noble price santa king major jewel precious era season said sang "
    "sanda son doll do dong hong in le man mi my no so son sun tien see ok babe she her the dusty rusty sonny "
    "buddy junior prince forest kit bud brook reed stone wilder dot jo del lou mable happy easter march wish "
    "fern hazel heaven honey baby sherman marine marina carmen era ha shay shanty eve golden harvest cherish "
    "bell belle bunny coral echo fawn gala garnet haven jade joy lark light mandarin merry myrtle patience "
    "petal plum princess queen rain raven salad savanna shade silk song spring sugar tuesday wednesday windy "
    "winter china cash chance clay colt cruz dell early fritz garland german hank hung israel loyal luck "
    "marion merle minh newton noble numbers only other porter ramon refugio royal santos shon signe stormy "
    "son sung tad taylor than toy val"
)
"""Names that in lower case are more often other words or places."""


@cache
def _first_names() -> dict[str, Gender | None]:
    import names

    shares = {gender: _shares(names.FILES[f"first:{kind}"]) for gender, kind in (("she", "female"), ("he", "male"))}
    known: dict[str, Gender | None] = {}
    for name in shares["she"].keys() | shares["he"].keys():
        she, he = shares["she"].get(name, 0.0), shares["he"].get(name, 0.0)
        if max(she, he) >= _RARE:
            known[name] = "she" if she > _CLEARLY * he else "he" if he > _CLEARLY * she else None
    return known


def _shares(path: str) -> dict[str, float]:
    rows = (line.split() for line in Path(path).read_text().splitlines())
    return {row[0].lower(): float(row[1]) for row in rows}


def is_first_name(word: str) -> bool:
    """A first name, however it is written."""
    return word.lower() in _first_names()


def is_nothing_but_a_name(word: str) -> bool:
    """A first name even in lower case ("tom", never "mark")."""
    word = word.lower()
    return word in _first_names() and word not in _ALSO_WORDS


def is_place(word: str) -> bool:
    """A first name and a place."""
    return word.lower() in _PLACES


def is_month(word: str) -> bool:
    """A first name and a month."""
    return word.lower() in ("april", "may", "june", "august")


def gender_of(words: list[str]) -> Gender | None:
    """The gender of a name, None if unknown."""
    first = words[0].lower().rstrip(".")
    if TITLES.get(first):
        return TITLES[first]
    first = next((word.lower() for word in words if word.lower().rstrip(".") not in TITLES), "")
    return _first_names().get(first)
