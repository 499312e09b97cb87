"""One event, told in several ways: passive and active, receiver and giver, "to PersonY", comparatives turned round.

The rules compare events after these rewrites. A graph may store any of the forms.
"""

import re

from distill.judge.inflection import stem, third_person
from distill.judge.lexicon import ADVERBS, GIVING_VERBS, LESS_TO_MORE, PLACES
from schemas.events import PERSON

_BE = r"(?:is|are|was|were)"
_PERSON = rf"{PERSON}(?:'s \w+)?"
_PASSIVE = re.compile(
    rf"^(?P<patient>.+?) (?:{_BE}|gets|got|is being|has been) (?P<verb>\w+(?:[dnt]|ung|ade))"
    rf"(?P<rest>(?: .+?)?) by (?P<agent>{_PERSON})(?P<end> .+)?$"
)
_PASSIVE_OF_THING = re.compile(
    rf"^(?P<patient>{_PERSON}) (?:{_BE}|gets|got|is being|has been) (?P<verb>\w+(?:[dnt]|ung))"
    r"(?P<rest>) by (?P<agent>(?:a|an|the) \w+)(?P<end>)$"
)
_RECEIVING = re.compile(
    rf"^(?P<receiver>{PERSON}) "
    r"(?:receives|received|(?:gets|got|is given|was given)(?= (?:a|an|the|some|two|three) )) "
    rf"(?P<thing>(?:(?!Person)\S+ ){{1,6}})(?:from|by) (?P<giver>{PERSON})(?P<end> .+)?$"
)
_DATIVE = re.compile(
    rf"^(?P<giver>{_PERSON}) (?P<verb>(?:does not |will |can )?[a-z]+) (?P<thing>(?:(?!{PERSON} |to )\S+ ){{1,6}})"
    rf"to (?P<receiver>{_PERSON})(?P<end> .+)?$"
)
_COMPARATIVE = re.compile(
    rf"^(?P<one>{_PERSON}) (?P<verb>{_BE}|[a-z]+s) (?P<comparative>{'|'.join(LESS_TO_MORE)}) than (?P<other>{_PERSON})$"
)
_SWAP = {"PersonX": "PersonY", "PersonY": "PersonX"}


def swap_persons(text: str) -> str:
    """The text with PersonX and PersonY exchanged."""
    return re.sub(r"Person[XY]", lambda person: _SWAP[person[0]], text)


def active_form(event: str) -> tuple[str, bool]:
    """The event with PersonX as its agent, and whether the persons were exchanged for that.

    "PersonY hits PersonX" and "PersonX is hit by PersonY" → "PersonX hits PersonY".
    """
    active = _greater_first(active_voice(event))
    if active.startswith("PersonY") and "PersonX" in active:
        return swap_persons(active), True
    return event, False


def giving_form(event: str) -> str | None:
    """The event of a receiving PersonX as PersonX's giving, with the persons exchanged. None for other events.

    "PersonX receives a ring from PersonY" → "PersonX gives PersonY a ring".
    """
    given = _giver_first(event)
    return swap_persons(given) if given != event and given.startswith("PersonY ") else None


def one_form(event: str) -> str:
    """The event in the form for comparisons: active, giver and greater one first, receiver before the thing."""
    return _receiver_before_thing(_greater_first(_giver_first(active_voice(event))))


def active_voice(event: str) -> str:
    """A passive event with its agent as the active one."""
    passive = _PASSIVE.match(event) if " by Person" in event else _PASSIVE_OF_THING.match(event)
    if passive is None or passive["agent"].split()[-1] in PLACES:
        return event
    verb = third_person(passive["verb"])
    return f"{passive['agent']} {verb} {passive['patient']}{passive['rest']}{passive['end'] or ''}"


def _giver_first(event: str) -> str:
    """ "PersonX gets a ring from PersonY" → "PersonY gives PersonX a ring"."""
    receiving = _RECEIVING.match(event)
    if receiving is None:
        return event
    thing = receiving["thing"].rstrip()
    return f"{receiving['giver']} gives {receiving['receiver']} {thing}{receiving['end'] or ''}"


def _receiver_before_thing(event: str) -> str:
    """ "PersonX gives a ring to PersonY" → "PersonX gives PersonY a ring"."""
    dative = _DATIVE.match(event)
    if dative is None or stem(dative["verb"].split()[-1]) not in GIVING_VERBS:
        return event
    thing = dative["thing"].rstrip()
    if thing in ADVERBS:
        return event
    return f"{dative['giver']} {dative['verb']} {dative['receiver']} {thing}{dative['end'] or ''}"


def _greater_first(event: str) -> str:
    """ "PersonX is younger than PersonY" → "PersonY is older than PersonX"."""
    less = _COMPARATIVE.match(event)
    if less is None:
        return event
    more = LESS_TO_MORE[str(less["comparative"])]
    return f"{less['other']} {less['verb']} {more} than {less['one']}"
