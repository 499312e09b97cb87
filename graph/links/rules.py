"""The rules by which a tail is an event, and how often each is right."""

from typing import Literal, get_args

from graph.links.phrase import ACTOR, Mark, Phrase

Rule = Literal["text", "inflection", "person", "determiner", "possessive", "article", "number"]
"""What differs between a tail and its event.

text: nothing, or "PersonX " before the tail.
inflection: the form of the verb, "to", capital letters.
person: "his" for "PersonX's", "him" for "PersonY", "he" for PersonX.
determiner: an article that one of them has.
possessive: a possessive that one of them has.
article: "a" for "the".
number: the plural for the singular.
"""
RULES: tuple[Rule, ...] = get_args(Rule)
CONFIDENCE: dict[Rule, float] = {
    "text": 1.0,
    "inflection": 1.0,
    "person": 0.9,
    "determiner": 0.95,
    "possessive": 0.85,
    "article": 0.9,
    "number": 0.85,
}
"""The share of right links of each rule in the choosing half of benchmarks/links.tsv: 20 links, 30 for inflection."""

_HIS = frozenset(("his", "her", "PersonX's"))
_CLAUSE = 3
"""Words of the shortest clause with an article before its subject."""


def rule_of(tail: Phrase, event: Phrase) -> Rule | None:
    """The rule by which a tail is an event of the same key: the weakest of those that their differences need."""
    if event.text == ACTOR + tail.text:
        return "text"
    is_bare = not event.text.startswith("Person")
    if is_bare and not tail.is_action and not _is_clause(tail.text):
        return None  # possibly a thing: "money", "clothes"
    if event.text == tail.text:
        return "text"
    rank = RULES.index("person" if tail.has_pronouns or event.has_pronouns else "inflection")
    if tail.words != event.words:
        rank = RULES.index("number")
    for one, other in zip(tail.marks, event.marks, strict=True):
        if one != other:
            rule = _rule_of_marks(one, other)
            if rule is None:
                return None
            rank = max(rank, RULES.index(rule))
    return RULES[rank]


def _is_clause(text: str) -> bool:
    first, *rest = text.split(" ")
    return first.startswith("Person") or (first.lower() in ("a", "an", "the") and len(rest) >= _CLAUSE - 1)


def _rule_of_marks(one: Mark, other: Mark) -> Rule | None:
    if one in _HIS and other in _HIS:
        return "person"
    if one in _HIS or other in _HIS:
        return "possessive" if "" in (one, other) and "her" not in (one, other) else None
    return "determiner" if "" in (one, other) else "article"
