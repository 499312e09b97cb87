"""What rules can say of two events: which are certainly not the same, and which differ in empty words alone.

Cheap and strict: each refusal names what differs. Where no rule speaks, the cross-encoder does.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from distill.judge.lexicon import (
    ASPECT_VERBS,
    IRREGULAR,
    NEARLY,
    NEGATIONS,
    OPPOSITES,
    PARTICLES,
    PLACES,
    STATES,
    STOP_WORDS,
    TIME_OPENERS,
    number_of,
    stem,
)

_TOKEN = re.compile(r"Person[XYZ](?:'s)?|[^\W_]+(?:['\-.:,][^\W_]+)*|_+|%|\$", re.UNICODE)
_OTHERWISE = (
    (re.compile(r"\b(ca)(?:n't| n't|nt)\b"), "can not"),
    (re.compile(r"\b(wo)(?:n't| n't|nt)\b"), "will not"),
    (re.compile(r"\bcannot\b"), "can not"),
    (re.compile(r"(?<=[a-z]) ?n't\b"), " not"),
    (re.compile(r"\b(does|is|did|was|do|has|had)nt\b"), r"\1 not"),
    (re.compile(r"\bfail(?:s|ed)? to\b"), "does not"),
    (re.compile(r"\b(?:is|are|was|were) unable to\b"), "can not"),
    (re.compile(r"\b(?:gives|gave|give) up (?=\w+ing\b)"), "stops "),
    (re.compile(r"\b(?:is|are|was|were) given\b(?! to)"), "gets"),
    (re.compile(r"\b(?:all )?at once\b"), "immediately"),
    (re.compile(r"\bonce (?:more|again)\b"), "again"),
)
_PASSIVE = re.compile(
    r"^(?P<whom>.+?) (?:is|are|was|were|gets|got|is being|has been) (?P<verb>\w+(?:[dnt]|ung|ade))"
    r"(?P<rest>(?: .+?)?) by (?P<who>Person[XYZ](?:'s (?:\w+))?)(?P<end> .+)?$"
)
_PASSIVE_OF_THING = re.compile(
    r"^(?P<whom>Person[XYZ](?:'s \w+)?) (?:is|are|was|were|gets|got|is being|has been) (?P<verb>\w+(?:[dnt]|ung))"
    r"(?P<rest>) by (?P<who>(?:a|an|the) \w+)(?P<end>)$"
)
_PERSON = re.compile(r"Person[XYZ]")


@dataclass(frozen=True, slots=True)
class EventWords:
    """An event as the rules compare it.

    text: the event. tokens: words that mean something, stems, persons as they are; forms: the same, inflected.
    numbers, negations, stages: those in it.
    """

    text: str
    tokens: tuple[str, ...]
    forms: tuple[str, ...]
    words: tuple[str, ...]
    numbers: tuple[str, ...]
    negations: int
    stages: tuple[str, ...]

    @property
    def content(self) -> tuple[str, ...]:
        """Stems without the persons."""
        return tuple(token for token in self.tokens if not token.startswith("Person"))


def sides(event: str) -> EventWords:
    """What the rules look at in a canonical event."""
    words = _words(_active(_written_out(event)))
    telling = list(_telling(words))
    return EventWords(
        text=event,
        tokens=tuple(map(_token, telling)),
        forms=tuple(telling),
        words=tuple(words),
        numbers=tuple(sorted(n for word in words if (n := number_of(word)) is not None)),
        negations=sum(word in NEGATIONS for word in words),
        stages=tuple(_stages(words)),
    )


stored_sides = lru_cache(maxsize=50_000)(sides)
"""The same of a stored event, which is compared again and again. What is only asked stays in no cache."""


def difference(a: EventWords, b: EventWords) -> str | None:
    """Why an asked and a stored event are certainly not the same; None where no rule says so."""
    return (
        _other_roles(a, b)
        or _other_polarity(a, b)
        or _other_numbers(a, b)
        or _opposed(a, b, PARTICLES, "particle")
        or _opposed(a, b, OPPOSITES, "opposite")
        or _other_stage(a, b)
        or _other_thing(a, b)
    )


def same_words(a: EventWords, b: EventWords) -> bool:
    """True where only words differ that change nothing: articles, tense, contractions, "really".

    "a name" and "names" are left to the cross-encoder: who "loves the dog" does not say to love dogs.
    """
    is_same = a.tokens == b.tokens and a.negations == b.negations and a.numbers == b.numbers
    return is_same and not any(map(_is_plural, a.forms, b.forms))


def swap_persons(text: str) -> str:
    """The text with PersonX and PersonY exchanged."""
    return _PERSON.sub(lambda m: {"PersonX": "PersonY", "PersonY": "PersonX"}.get(m[0], m[0]), text)


def active_form(event: str) -> tuple[str, bool]:
    """The event as graphs have it, PersonX the one who acts; and whether the two were exchanged for that.

    "PersonY hits PersonX" and "PersonX is hit by PersonY" → "PersonX hits PersonY".
    """
    active = _active(event)
    if active.startswith("PersonY") and "PersonX" in active:
        return swap_persons(active), True
    return event, False


def _other_roles(a: EventWords, b: EventWords) -> str | None:
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
    others = [{_person(token) for token in side.tokens} - {"", "PersonX"} for side in (a, b)]
    if others[0] != others[1]:
        return f"roles: {', '.join(sorted(others[0] ^ others[1]))} in only one of the two"
    order = [[_person(token) for token in side.tokens if token.startswith("Person")] for side in (a, b)]
    if Counter(order[0]) == Counter(order[1]) and order[0] != order[1]:
        return "roles: PersonX and PersonY are exchanged"
    return None


def _subject(side: EventWords) -> str:
    """The person that the event begins with (PersonX, PersonY's), also after when or where; empty where with none."""
    persons = [place for place, word in enumerate(side.words) if word.startswith("Person")]
    if not persons or not _is_front(side.words[: persons[0]]) or persons[0] + 1 == len(side.words):
        return ""
    return side.words[persons[0]]


def _is_front(words: Sequence[str]) -> bool:
    """True for nothing, and for a short "at the meeting" or "every morning" with no room for another who acts."""
    return not words or len([word for word in words[1:] if word not in STOP_WORDS]) <= TIME_OPENERS.get(words[0], -1)


def _person(token: str) -> str:
    return token[:7] if token.startswith("Person") else ""


def _same_content(a: EventWords, b: EventWords) -> bool:
    return Counter(a.content) == Counter(b.content)


def _replacements(left: tuple[str, ...], right: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind == "replace":
            yield left[i:j], right[k:m]


def _other_polarity(a: EventWords, b: EventWords) -> str | None:
    if a.negations % 2 == b.negations % 2:
        return None
    return "polarity: only one of the two is denied"


def _other_numbers(a: EventWords, b: EventWords) -> str | None:
    if a.numbers == b.numbers:
        return None
    return f"number: {', '.join(a.numbers) or 'none'}, not {', '.join(b.numbers) or 'none'}"


def _opposed(a: EventWords, b: EventWords, table: Mapping[str, frozenset[str]], kind: str) -> str | None:
    """A word that only the one has, opposed to one that only the other has."""
    for word, token in _only(a, b):
        for other, other_token in _only(b, a):
            if other_token in table.get(token, ()):
                return f"{kind}: {word}, not {other}"
    return None


def _only(a: EventWords, b: EventWords) -> Iterator[tuple[str, str]]:
    has = {stem(word) for word in b.words}
    for word in a.words:
        token = stem(word)
        if token not in has and not word.startswith("Person"):
            yield word, token


def _other_stage(a: EventWords, b: EventWords) -> str | None:
    """An attempt, a wish, a beginning: of the same thing, as a word in common tells."""
    if a.stages == b.stages or set(a.content).difference(a.stages).isdisjoint(set(b.content).difference(b.stages)):
        return None
    return f"stage: {', '.join(a.stages) or 'done'}, not {', '.join(b.stages) or 'done'}"


def _other_thing(a: EventWords, b: EventWords) -> str | None:
    """Of things, which no person is part of, one that has a word more: a pocket knife is no pocket."""
    first, second = set(a.content), set(b.content)
    if len(a.tokens) > len(a.content) or len(b.tokens) > len(b.content) or not first or not second:
        return None
    return f"thing: {', '.join(sorted(first ^ second))} in only one" if first < second or second < first else None


def _written_out(event: str) -> str:
    for pattern, instead in _OTHERWISE:
        event = pattern.sub(instead, event)
    return event


def _active(event: str) -> str:
    """A passive event with its agent, as the active one."""
    found = _PASSIVE.match(event) if " by Person" in event else _PASSIVE_OF_THING.match(event)
    if found is None or found["who"].split()[-1] in PLACES:
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


def _telling(words: list[str]) -> Iterator[str]:
    """The words that mean something."""
    some = [word for word in words if word not in STOP_WORDS and word not in NEGATIONS]
    for word, after in zip(some, [*some[1:], ""], strict=False):
        if word.startswith("Person") or not _is_auxiliary(word, after):
            yield word


def _token(word: str) -> str:
    return word if word.startswith("Person") else number_of(word) or stem(word)


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


def _is_plural(one: str, other: str) -> bool:
    """True where one is the other's plural; or a verb's form in "she writes" and "to write", which is as rare."""
    less, more = sorted((one, other), key=len)
    return more in (f"{less}s", f"{less}es") or (less.endswith("y") and more == f"{less[:-1]}ies")


def _stages(words: list[str]) -> Iterator[str]:
    """Words that make of an event its attempt, wish, beginning or end."""
    for place, word in enumerate(words):
        if word in NEARLY:
            yield "nearly"
        elif place + 1 < len(words):
            before, after = words[place - 1] if place else "", words[place + 1]
            if word in STATES and after == "to":
                yield word
            elif stem(word) in ASPECT_VERBS and not _is_of_noun(before) and _has_verb(word, after):
                yield ASPECT_VERBS[stem(word)]


def _is_of_noun(before: str) -> bool:
    """True where a noun follows: "PersonX's plane to Rome" is no plan."""
    return before in ("a", "an", "the") or before.endswith("'s")


def _has_verb(word: str, after: str) -> bool:
    """True for "stops smoking" and "tries to smoke"; who "stops to smoke" has not stopped smoking."""
    return (after == "to" and stem(word) != "stop") or (after.endswith("ing") and len(after) > 4)
