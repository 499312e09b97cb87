"""Verbs above another event: "puts a cat up for adoption" and "lets the dog sing" are not "adopts" and "sings"."""

import re
from collections.abc import Sequence

from distill.judge.inflection import stem
from distill.judge.lexicon import (
    ADVERBS,
    ATTITUDE_VERBS,
    AUXILIARIES,
    CONTROL_VERBS,
    DETERMINERS,
    LIGHT_VERBS,
    OUTING_VERBS,
    PERCEPTION_VERBS,
    REQUEST_VERBS,
)

_NOUN_ENDING = re.compile(r"(?:[ts]ion|ment|[ae]nce|ness)$")
_OBJECT = 3
"""Words from a verb to the head of its object, at most."""
_REACH = 5
"""Words from a verb to the verb below it, at most."""


def is_under_other_verb(first: Sequence[str], second: Sequence[str]) -> bool:
    """True for the main verb of one event below another main verb in the other.

    first, second: words of the events, in lower case but for persons.
    """
    return _embeds(first, second) or _embeds(second, first)


def _embeds(plain: Sequence[str], other: Sequence[str]) -> bool:
    verb, above = _main_verb(plain), _main_verb(other)
    if verb is None or above is None or stem(verb) == stem(above) or stem(verb) in LIGHT_VERBS:
        return False
    place = other.index(above)
    return any(
        _is_noun_below(stem(verb), other, place, n)
        or (_is_verb_below(stem(verb), other, place, n) and other[n - 1] not in plain)
        for n in range(place + 1, len(other))
    )


def _main_verb(words: Sequence[str]) -> str | None:
    """The word after the subject, without adverbs. None for auxiliaries, and without a person in the subject."""
    if not words or not words[0].startswith("Person"):
        return None
    rest = [word for word in words[2 if words[0].endswith("'s") else 1 :] if not word.endswith("ly")]
    return rest[0] if rest and rest[0] not in AUXILIARIES else None


def _is_noun_below(verb: str, words: Sequence[str], place: int, n: int) -> bool:
    """True for "puts up for adoption" and "gets treatment": the noun of the verb below another verb."""
    is_derived = _is_derived(words[n], verb)
    if not is_derived and (stem(words[n]) != verb or words[n].endswith("ing")):
        return False
    above = stem(words[place])
    before = [word for word in words[place + 1 : n] if word not in DETERMINERS and not word.endswith("'s")]
    if before and before[-1] == "for":
        return above not in OUTING_VERBS if is_derived or "up" in before else above in REQUEST_VERBS
    return len(before) < _OBJECT and (above in ATTITUDE_VERBS or (above == stem("get") and is_derived))


def _is_derived(noun: str, verb: str) -> bool:
    """True for "adoption" of "adopt" and "forgiveness" of "forgiv": a common beginning and the ending of a noun."""
    shared = max(4, len(verb) - 2)
    return len(noun) > len(verb) and noun[:shared] == verb[:shared] and _NOUN_ENDING.search(noun) is not None


def _is_verb_below(verb: str, words: Sequence[str], place: int, n: int) -> bool:
    """True for "asks the boss to hire" and "watches the dog run"."""
    if stem(words[n]) != verb or _is_inflected(words[n]) or not place + 2 <= n <= place + _REACH:
        return False
    if words[n - 1] == "to":
        return stem(words[place]) in CONTROL_VERBS and n > place + 2
    return (
        stem(words[place]) in PERCEPTION_VERBS and words[n - 1] not in DETERMINERS and words[place + 1] not in ADVERBS
    )


def _is_inflected(verb: str) -> bool:
    return verb.endswith(("s", "ed")) or (verb.endswith("ing") and len(verb) > 5)
