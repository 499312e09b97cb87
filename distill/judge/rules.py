"""What rules can say of two events: which are certainly not the same, and which differ in empty words alone.

Cheap and strict: each refusal names what differs. Where no rule speaks, the cross-encoder does.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from distill.judge.words import (
    EMPTY,
    IRREGULAR,
    NEARLY,
    NEGATIONS,
    OPPOSITES,
    PARTICLES,
    STAGES,
    STATES,
    number_of,
    stem,
)

_TOKEN = re.compile(r"Person[XYZ](?:'s)?|[^\W_]+(?:['\-.:,][^\W_]+)*|_+|%|\$", re.UNICODE)
_CONTRACTED = (
    (re.compile(r"\b(ca)(?:n't| n't|nt)\b"), "can not"),
    (re.compile(r"\b(wo)(?:n't| n't|nt)\b"), "will not"),
    (re.compile(r"\bcannot\b"), "can not"),
    (re.compile(r"(?<=[a-z]) ?n't\b"), " not"),
    (re.compile(r"\b(does|is|did|was|do|has|had)nt\b"), r"\1 not"),
)
_PASSIVE = re.compile(
    r"^(?P<whom>.+?) (?:is|are|was|were|gets|got|is being|has been) (?P<verb>\w+(?:[dnt]|ung|ade))"
    r"(?P<rest>(?: .+?)?) by (?P<who>Person[XYZ](?:'s (?:\w+))?)(?P<end> .+)?$"
)
_PERSON = re.compile(r"Person[XYZ]")


@dataclass(frozen=True, slots=True)
class Sides:
    """An event as the rules compare it.

    tokens: words that mean something, stems, persons as they are. numbers, negations, stages: those in it.
    """

    tokens: tuple[str, ...]
    words: tuple[str, ...]
    numbers: tuple[str, ...]
    negations: int
    stages: tuple[str, ...]

    @property
    def content(self) -> tuple[str, ...]:
        """Stems without the persons."""
        return tuple(token for token in self.tokens if not token.startswith("Person"))


@lru_cache(maxsize=50_000)
def sides(event: str) -> Sides:
    """What the rules look at in a canonical event."""
    words = _words(_active(_written_out(event)))
    return Sides(
        tokens=tuple(_stems(words)),
        words=tuple(words),
        numbers=tuple(sorted(n for word in words if (n := number_of(word)) is not None)),
        negations=sum(word in NEGATIONS for word in words),
        stages=tuple(_stages(words)),
    )


def difference(asked: str, stored: str) -> str | None:
    """Why these two are certainly not the same event; None where no rule says so."""
    a, b = sides(asked), sides(stored)
    return (
        _other_roles(a, b)
        or _other_polarity(a, b)
        or _other_numbers(a, b)
        or _opposed(a, b, PARTICLES, "particle")
        or _opposed(a, b, OPPOSITES, "opposite")
        or _other_stage(a, b)
    )


def same_words(asked: str, stored: str) -> bool:
    """True where only words differ that change nothing: articles, tense, contractions, "really"."""
    a, b = sides(asked), sides(stored)
    return a.tokens == b.tokens and a.negations == b.negations and a.numbers == b.numbers


def exchanged(text: str) -> str:
    """The text with PersonX and PersonY exchanged."""
    return _PERSON.sub(lambda m: {"PersonX": "PersonY", "PersonY": "PersonX"}.get(m[0], m[0]), text)


def as_stored(event: str) -> tuple[str, bool]:
    """The event as graphs have it, PersonX the one who acts; and whether the two were exchanged for that.

    "PersonY hits PersonX" and "PersonX is hit by PersonY" → "PersonX hits PersonY".
    """
    active = _active(event)
    if active.startswith("PersonY") and "PersonX" in active:
        return exchanged(active), True
    return event, False


def _other_roles(a: Sides, b: Sides) -> str | None:
    """Who does it, to whom, and whose things they are."""
    first, second = _subject(a), _subject(b)
    if first != second and _person(first) and _person(second) and _person(first) != _person(second):
        return f"roles: {first} acts, not {second}"
    if first != second and _same_content(a, b):
        return f"roles: {first or 'another'} acts, not {second or 'another'}"
    for left, right in _replacements(a.tokens, b.tokens):
        persons = [[token for token in side if token.startswith("Person")] for side in (left, right)]
        for one, other in zip(*persons, strict=False):
            if _person(one) != _person(other):
                return f"roles: {one}, not {other}"
    order = [[_person(token) for token in side.tokens if token.startswith("Person")] for side in (a, b)]
    if Counter(order[0]) == Counter(order[1]) and order[0] != order[1]:
        return "roles: PersonX and PersonY are exchanged"
    return None


def _subject(side: Sides) -> str:
    """The person that the event begins with (PersonX, PersonY's); empty where it begins with none."""
    return side.tokens[0] if side.tokens and side.tokens[0].startswith("Person") else ""


def _person(token: str) -> str:
    return token[:7] if token.startswith("Person") else ""


def _same_content(a: Sides, b: Sides) -> bool:
    return Counter(a.content) == Counter(b.content)


def _replacements(left: tuple[str, ...], right: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind == "replace":
            yield left[i:j], right[k:m]


def _other_polarity(a: Sides, b: Sides) -> str | None:
    if a.negations % 2 == b.negations % 2:
        return None
    return "polarity: only one of the two is denied"


def _other_numbers(a: Sides, b: Sides) -> str | None:
    if a.numbers == b.numbers:
        return None
    return f"number: {', '.join(a.numbers) or 'none'}, not {', '.join(b.numbers) or 'none'}"


def _opposed(a: Sides, b: Sides, table: Mapping[str, frozenset[str]], kind: str) -> str | None:
    """A word that only the one has, opposed to one that only the other has."""
    for word, token in _only(a, b):
        for other, other_token in _only(b, a):
            if other_token in table.get(token, ()):
                return f"{kind}: {word}, not {other}"
    return None


def _only(a: Sides, b: Sides) -> Iterator[tuple[str, str]]:
    has = {stem(word) for word in b.words}
    for word in a.words:
        token = stem(word)
        if token not in has and not word.startswith("Person"):
            yield word, token


def _other_stage(a: Sides, b: Sides) -> str | None:
    """An attempt, a wish, a beginning: of the same thing, as a word in common tells."""
    if a.stages == b.stages or set(a.content).difference(a.stages).isdisjoint(set(b.content).difference(b.stages)):
        return None
    return f"stage: {', '.join(a.stages) or 'done'}, not {', '.join(b.stages) or 'done'}"


def _written_out(event: str) -> str:
    for pattern, instead in _CONTRACTED:
        event = pattern.sub(instead, event)
    return event


def _active(event: str) -> str:
    """A passive event with its agent, as the active one."""
    if " by Person" not in event:
        return event
    found = _PASSIVE.match(event)
    if found is None:
        return event
    verb = _third_person(found["verb"])
    return f"{found['who']} {verb} {found['whom']}{found['rest']}{found['end'] or ''}"


def _third_person(participle: str) -> str:
    """ "hugged" → "hugs", "fired" → "fires", "bitten" → "bites"."""
    base = IRREGULAR.get(participle) or (_infinitive(participle[:-2]) if participle.endswith("ed") else participle)
    if base.endswith("y") and base[-2:-1] not in "aeiou":
        return base[:-1] + "ies"
    return base + ("es" if base.endswith(("s", "sh", "ch", "x", "z", "o")) else "s")


def _infinitive(bare: str) -> str:
    """Of a participle without its -ed: "hugg" → "hug", "fir" → "fire", "carri" → "carry", "help" → "help"."""
    if bare.endswith("i"):
        return bare[:-1] + "y"
    if re.search(r"([bdgmnprt])\1$", bare):
        return bare[:-1]
    # A short word that ends in one vowel and one consonant would have doubled it, had it no e.
    if re.search(r"([vcuz]|[rdn]g|[aeiou]s|at|id|ut|vit|ag|[aiou]r)$|^[^aeiou]*[aeiou][^aeiouwxy]$", bare):
        return bare + "e"
    return bare


def _words(event: str) -> list[str]:
    return [word if word.startswith("Person") else word.lower() for word in _TOKEN.findall(event)]


def _stems(words: list[str]) -> Iterator[str]:
    telling = [word for word in words if word not in EMPTY and word not in NEGATIONS]
    for word, after in zip(telling, [*telling[1:], ""], strict=False):
        if word.startswith("Person"):
            yield word
        elif not _is_auxiliary(word, after):
            yield number_of(word) or stem(word)


def _is_auxiliary(word: str, after: str) -> bool:
    """True for what only tells the time: "is painting", "has painted", "does (not) paint"; not for "is painted"."""
    if word in _BE:
        return after.endswith("ing") and len(after) > 4
    if word in _HAVE:
        return IRREGULAR.get(after, after) != after or after.endswith("ed")
    return word == "will" or (word in _DO and bool(after) and not after.startswith("Person") and _is_bare(after))


def _is_bare(word: str) -> bool:
    return not word.endswith("s") and word not in IRREGULAR


_BE = frozenset(["is", "are", "was", "were", "be", "been", "being", "am"])
_HAVE = frozenset(["has", "have", "had"])
_DO = frozenset(["does", "do", "did"])


def _stages(words: list[str]) -> Iterator[str]:
    """Words that make of an event its attempt, wish, beginning or end."""
    for place, word in enumerate(words):
        if word in NEARLY:
            yield "nearly"
        elif place + 1 < len(words):
            before, after = words[place - 1] if place else "", words[place + 1]
            if word in STATES and after == "to":
                yield word
            elif stem(word) in _STAGE_STEMS and not _is_of_noun(before) and _has_verb(word, after):
                yield stem(word)


def _is_of_noun(before: str) -> bool:
    """True where a noun follows: "PersonX's plane to Rome" is no plan."""
    return before in ("a", "an", "the") or before.endswith("'s")


def _has_verb(word: str, after: str) -> bool:
    """True for "stops smoking" and "tries to smoke"; who "stops to smoke" has not stopped smoking."""
    return (after == "to" and stem(word) != "stop") or (after.endswith("ing") and len(after) > 4)


_STAGE_STEMS = frozenset(map(stem, STAGES))
