"""Verbs above another event: "puts a cat up for adoption" and "lets the dog sing" are not "adopts" and "sings"."""

import re

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
    VERB_OF_NOUN,
)

_NOUN_ENDING = re.compile(r"(?:[ts]ion|ment|[ae]nce|ness)$")
_OBJECT = 3
"""Words from a verb to the head of its object, at most."""
_REACH = 5
"""Words from a verb to the verb below it, at most."""


def is_under_other_verb(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    """True for the main verb of one event below another main verb in the other.

    first, second: words of the events, in lower case but for persons.
    """
    return _embeds(first, second) or _embeds(second, first)


def _embeds(plain: tuple[str, ...], other: tuple[str, ...]) -> bool:
    verb, above = _main_verb(plain), _main_verb(other)
    if not verb or not above or verb in AUXILIARIES or stem(verb) == stem(above) or stem(verb) in LIGHT_VERBS:
        return False
    place = other.index(above)
    return any(
        _is_noun_below(stem(verb), other, place, n)
        or (_is_verb_below(stem(verb), other, place, n) and other[n - 1] not in plain)
        for n in range(place + 1, len(other))
    )


def _main_verb(words: tuple[str, ...]) -> str:
    """The word after the subject, without adverbs. Empty without a person in the subject."""
    if not words or not words[0].startswith("Person"):
        return ""
    rest = [word for word in words[2 if words[0].endswith("'s") else 1 :] if not word.endswith("ly")]
    return rest[0] if rest else ""


def _is_noun_below(verb: str, words: tuple[str, ...], place: int, n: int) -> bool:
    """True for "puts up for adoption" and "gets treatment": the noun of the verb below another verb."""
    is_derived = _is_derived(words[n], verb)
    if not is_derived and (stem(words[n]) != verb or words[n].endswith("ing")):
        return False
    above = stem(words[place])
    before = [word for word in words[place + 1 : n] if word not in DETERMINERS and not word.endswith("'s")]
    if before and before[-1] == "for":
        return above not in OUTING_VERBS if is_derived or "up" in before else above in REQUEST_VERBS
    if len(before) >= _OBJECT:
        return False
    return above in ATTITUDE_VERBS or (above == stem("get") and is_derived) or _is_received(verb, above, words, n)


def _is_received(verb: str, above: str, words: tuple[str, ...], n: int) -> bool:
    """True for "gets a visit from PersonY" and "gets PersonY's help". A divorce has no receiver."""
    if above not in (stem("get"), stem("have")) or verb == stem("divorce") or _is_inflected(words[n]):
        return False
    is_from_person = words[n + 1 : n + 2] == ("from",) and " ".join(words[n + 2 :]).startswith("Person")
    owner = words[n - 1]
    return is_from_person or (owner.startswith("Person") and owner.endswith("'s") and owner[:7] != words[0][:7])


def _is_derived(noun: str, verb: str) -> bool:
    """True for "adoption" of "adopt" and "forgiveness" of "forgiv": a common beginning and the ending of a noun."""
    if noun in VERB_OF_NOUN:
        return stem(VERB_OF_NOUN[noun]) == verb
    shared = max(4, len(verb) - 2)
    return len(noun) > len(verb) and noun[:shared] == verb[:shared] and _NOUN_ENDING.search(noun) is not None


def _is_verb_below(verb: str, words: tuple[str, ...], place: int, n: int) -> bool:
    """True for "asks the boss to hire" and "watches the dog run"."""
    if stem(words[n]) != verb or _is_inflected(words[n]) or not place + 2 <= n <= place + _REACH:
        return False
    if words[n - 1] == "to":
        return stem(words[place]) in CONTROL_VERBS and n > place + 2
    return (
        stem(words[place]) in PERCEPTION_VERBS and words[n - 1] not in DETERMINERS and words[place + 1] not in ADVERBS
    )


def _is_inflected(verb: str) -> bool:
    is_third_person = verb.endswith("s") and not verb.endswith("ss")
    return is_third_person or verb.endswith("ed") or (verb.endswith("ing") and len(verb) > 5)
