"""Rules for two events: certain differences, each with its name, and differences in stop words alone.

The rules are cheap and strict. The cross-encoder judges the other pairs.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from distill.judge.embedding_verbs import is_under_other_verb
from distill.judge.inflection import IRREGULAR, stem
from distill.judge.lexicon import (
    ASPECT_VERBS,
    NEARLY,
    NEGATIONS,
    OPPOSITES,
    PARTICLES,
    STATES,
    STOP_WORDS,
    TIME_OPENERS,
)
from distill.judge.numerals import number_of
from distill.judge.voice import active_voice, one_form
from schemas.events import PERSON

_TOKEN = re.compile(PERSON + r"(?:'s)?|[^\W_]+(?:['\-.:,][^\W_]+)*|_+|%|\$", re.UNICODE)
_REWRITES = (
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


@dataclass(frozen=True, slots=True)
class EventWords:
    """An event for the rules.

    text: the event.
    tokens: stems of the content words, and the persons.
    forms: the same words with their inflection.
    words: all words, in lower case but for persons.
    numbers: in digits.
    negations: their count.
    stages: attempts, wishes, beginnings and the like.
    retold: the event in the form of distill.judge.voice. None without a change.
    """

    text: str
    tokens: tuple[str, ...]
    forms: tuple[str, ...]
    words: tuple[str, ...]
    numbers: tuple[str, ...]
    negations: int
    stages: tuple[str, ...]
    retold: "EventWords | None" = None

    @property
    def content(self) -> tuple[str, ...]:
        """Stems without the persons."""
        return tuple(token for token in self.tokens if not token.startswith("Person"))


def sides(event: str) -> EventWords:
    """The parts of a canonical event for the rules."""
    active = active_voice(_written_out(event))
    retold = one_form(active)
    return _parts(event, active, _parts(event, retold) if retold != active else None)


def _parts(text: str, form: str, retold: EventWords | None = None) -> EventWords:
    words = _words(form)
    content = list(_content_words(words))
    return EventWords(
        text=text,
        tokens=tuple(map(_token, content)),
        forms=tuple(content),
        words=tuple(words),
        numbers=tuple(sorted(n for word in words if (n := number_of(word)) is not None)),
        negations=sum(word in NEGATIONS for word in words),
        stages=tuple(_stages(words)),
        retold=retold,
    )


stored_sides = lru_cache(maxsize=50_000)(sides)
"""The same with a cache, for stored events. Asked events stay in no cache."""


def difference(a: EventWords, b: EventWords) -> str | None:
    """The reason why two events are certainly not the same. None without such a reason."""
    if _is_retold(a, b):
        return None
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
    """True for events with the same content words: the rest is articles, tense, contractions, "really", or voice.

    Singular and plural are left to the cross-encoder: "loves the dog" is not "loves dogs".
    """
    return _has_same_words(a, b) or _is_retold(a, b)


def _is_retold(a: EventWords, b: EventWords) -> bool:
    """True for one event told in two ways: "gives PersonY a ring" and "gives a ring to PersonY"."""
    return (a.retold or b.retold) is not None and _has_same_words(a.retold or a, b.retold or b)


def _has_same_words(a: EventWords, b: EventWords) -> bool:
    is_same = a.tokens == b.tokens and a.negations == b.negations and a.numbers == b.numbers
    return is_same and not any(map(_is_plural, a.forms, b.forms))


def _other_roles(a: EventWords, b: EventWords) -> str | None:
    """Another agent, patient or owner, or an event below another verb."""
    retold = (a.retold or a, b.retold or b)
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
    if _has_exchanged_persons(a, b) or (_has_exchanged_persons(*retold) and _same_content(*retold)):
        return "roles: PersonX and PersonY are exchanged"
    return "roles: an event below another verb" if is_under_other_verb(a.words, b.words) else None


def _has_exchanged_persons(a: EventWords, b: EventWords) -> bool:
    first, second = ([_person(token) for token in side.tokens if token.startswith("Person")] for side in (a, b))
    return first != second and Counter(first) == Counter(second)


def _subject(side: EventWords) -> str:
    """The first person (PersonX, PersonY's) of an event with a person as its subject, otherwise empty."""
    persons = [place for place, word in enumerate(side.words) if word.startswith("Person")]
    if not persons or not _is_front(side.words[: persons[0]]) or persons[0] + 1 == len(side.words):
        return ""
    return side.words[persons[0]]


def _is_front(words: Sequence[str]) -> bool:
    """True without words, and for a short "at the meeting" or "every morning" without another agent."""
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
    """A word of one event alone and its opposite in the other event alone."""
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
    """An attempt, a wish, a beginning of the same thing: the two have a word in common."""
    if a.stages == b.stages or set(a.content).difference(a.stages).isdisjoint(set(b.content).difference(b.stages)):
        return None
    return f"stage: {', '.join(a.stages) or 'done'}, not {', '.join(b.stages) or 'done'}"


def _other_thing(a: EventWords, b: EventWords) -> str | None:
    """Things without persons, one with a word more: a pocket knife is no pocket."""
    first, second = set(a.content), set(b.content)
    if len(a.tokens) > len(a.content) or len(b.tokens) > len(b.content) or not first or not second:
        return None
    return f"thing: {', '.join(sorted(first ^ second))} in only one" if first < second or second < first else None


def _written_out(event: str) -> str:
    for pattern, instead in _REWRITES:
        event = pattern.sub(instead, event)
    return event


def _words(event: str) -> list[str]:
    return [word if word.startswith("Person") else word.lower() for word in _TOKEN.findall(event)]


def _content_words(words: list[str]) -> Iterator[str]:
    """The words without stop words, negations and auxiliaries."""
    rest = [word for word in words if word not in STOP_WORDS and word not in NEGATIONS]
    for word, after in zip(rest, [*rest[1:], ""], strict=False):
        if word.startswith("Person") or not _is_auxiliary(word, after):
            yield word


def _token(word: str) -> str:
    return word if word.startswith("Person") else number_of(word) or stem(word)


def _is_auxiliary(word: str, after: str) -> bool:
    """True for tense alone: "is painting", "has painted", "does (not) paint". False for "is painted"."""
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
    """True for a word and its plural. The verb forms "writes" and "write" count, too, and are rare."""
    less, more = sorted((one, other), key=len)
    return more in (f"{less}s", f"{less}es") or (less.endswith("y") and more == f"{less[:-1]}ies")


def _stages(words: list[str]) -> Iterator[str]:
    """The attempts, wishes, beginnings and ends of other verbs."""
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
    """True before a noun: "PersonX's plane to Rome" is no plan."""
    return before in ("a", "an", "the") or before.endswith("'s")


def _has_verb(word: str, after: str) -> bool:
    """True for "stops smoking" and "tries to smoke". "Stops to smoke" is no end of smoking."""
    return (after == "to" and stem(word) != "stop") or (after.endswith("ing") and len(after) > 4)
