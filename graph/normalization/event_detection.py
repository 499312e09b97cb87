"""Events that need no reading: decided by their words alone, before anything is loaded.

The graph's own events are of two kinds. Social ones name PersonX; the others are phrases in lower case that name
nobody ("bread", "eat breakfast in bed", "the dog barks"). Whatever looks like them passes unchanged. A natural sentence
gives itself away by a capital letter, a pronoun, or a finite verb that is not in the simple present.
"""

import re

from graph.normalization.lexicon import words
from schemas.events import PERSON

_PERSON = re.compile(rf"(?<!\w){PERSON}(?!\w)")
_WORD = re.compile(r"[^\W_]+(?:['.][^\W_]+)*")
_PRONOUNS = words(
    "i i'm i've i'd i'll im ive you you're you've you'd you'll u he he's he'd he'll she she's she'd she'll "
    "they they're they've they'd they'll we we're we've we'd we'll me him her them us my your his their our "
    "hers theirs ours yours mine myself himself herself themselves ourselves yourselves someone somebody "
    "someone's somebody's let's lets"
)
_PAST = words(
    "was were did had went came took broke fell lost found left told said made gave felt saw knew thought "
    "bought brought caught ate drank drove rode wrote spoke stole woke wore won ran began sang swam sat stood "
    "understood forgot became blew flew grew threw chose froze hid bit sold paid sent spent built kept slept "
    "met led fed bled shook taught fought held heard hung dug stuck struck rang rose tore got"
)
_HELPING = words("is are am has have will would could should been being be")
_NOT_PAST = words("bed weed seed shed need feed speed breed greed hundred red wed embed sled indeed exceed proceed")
_OPENS_SENTENCE = words(
    "the a an this that these those it it's there there's that's everyone everybody nobody no people some all "
    "every each another many most several two three"
)
_JOINS = words("and but because so when if while although though after before until since")
_AFTER_PAST = words(
    "in on at by the a an to from with late early down up out off over away for of into onto through again about"
)
_CHAT = words(
    "wont dont cant didnt doesnt isnt wasnt aint gonna wanna gotta imma ima finna tryna thx thnx tnx tysm ty shouldve "
    "couldve wouldve idk ngl tbh omg smh lol dosent"
)
"""Chat spellings, found in no event of the graph."""
_SHORT = 2
"""So many words may be a phrase whatever they are: "office will", "sat nav", "hurt yourself"."""


def is_event(text: str) -> bool:
    """True for a canonical event."""
    if _PERSON.search(text):
        return True
    if text != text.lower() or text.startswith("@"):
        return False
    words = _WORD.findall(text)
    if len(words) < _SHORT:
        return True
    return not (
        _CHAT.intersection(words)
        or _names_somebody(words)
        or _is_a_question(text)
        or (len(words) > _SHORT and _is_told(words))
    )


_FACTS = re.compile(
    r"(?:what|which|who|when|where|how \w+)(?:'s| is| are| was| were| does| do| did) "
    r"(?!.*\b(?:going on|happen\w*|there)\b)"
    r"(?=(?:the|an?|\d|[A-Z])\b)",
    re.IGNORECASE,
)


def is_about_facts(text: str) -> bool:
    """A question about a fact, without a person: "What is the capital of France?"."""
    found = _FACTS.match(text)
    if found is None or _PERSON.search(text):
        return False
    rest = text[found.end() :]
    return not _names_somebody(_WORD.findall(rest.lower())) and (rest[:1].islower() or rest[:1].isdigit())


def is_past(word: str) -> bool:
    """True for a possible past tense."""
    return word in _PAST or (word.endswith("ed") and word not in _NOT_PAST)


def _names_somebody(words: list[str]) -> bool:
    return any(word in _PRONOUNS for word in words) or (len(words) > _SHORT and "your" in words)


def _is_a_question(text: str) -> bool:
    return "?" in text


def _is_told(words: list[str]) -> bool:
    """True for a finite verb outside the simple present, or several clauses."""
    if any(word in _PAST or word.endswith("n't") for word in words):
        return True
    ends = [n for n, word in enumerate(words) if n and word not in _PAST and is_past(word)]
    if words[0] in _OPENS_SENTENCE:
        return bool(ends) or any(word in _HELPING or word in _JOINS or "'" in word for word in words)
    return any(n + 1 == len(words) or words[n + 1] in _AFTER_PAST for n in ends)
