"""The rules by which a tail is an event, and how often each is right."""

from typing import Literal, get_args

from graph.links.nouns import OWN, singular
from graph.links.phrase import ACTOR, Mark, Phrase

Rule = Literal["text", "inflection", "person", "determiner", "possessive", "article", "number", "plural"]
"""What differs between a tail and its event.

text: nothing, or "PersonX " before the tail.
inflection: the form of the verb, "to", capital letters.
person: "his" for "PersonX's", "him" for "PersonY", "he" for PersonX.
determiner: an article that one of them has.
possessive: a possessive that one of them has, before a noun that is the subject's own without it.
article: "a" for "the".
number: the plural for the singular, beside an article or a possessive. "a" may be without a counterpart.
plural: "them" for "PersonY", unless it can only be PersonX of the triple. It may be things.
"""
RULES: tuple[Rule, ...] = get_args(Rule)
CONFIDENCE: dict[Rule, float] = {
    "text": 1.0,
    "inflection": 1.0,
    "person": 1.0,
    "determiner": 0.95,
    "possessive": 0.97,
    "article": 0.9,
    "number": 0.95,
    "plural": 0.95,
}
"""The share of right links of each rule in the choosing half of benchmarks/links.tsv: 20 or 30 links each."""

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
    has_other_number = tail.words != event.words
    if has_other_number and not any((*tail.marks, *event.marks)):
        return None  # often an idiom: "turn head" and "turn heads"
    rules: list[Rule] = ["person" if tail.has_pronouns or event.has_pronouns else "inflection"]
    if tail.has_them or event.has_them:
        rules.append("plural")
    if has_other_number:
        rules.append("number")
    for noun, one, other in zip(event.words, tail.marks, event.marks, strict=True):
        if one != other:
            rule = _rule_of_marks(one, other, noun)
            if rule is None or (has_other_number and {one, other} != {"", "a"} and rule != "person"):
                return None
            rules.append(rule)
    return max(rules, key=RULES.index)


def _is_clause(text: str) -> bool:
    first, *rest = text.split(" ")
    return first.startswith("Person") or (first.lower() in ("a", "an", "the") and len(rest) >= _CLAUSE - 1)


def _rule_of_marks(one: Mark, other: Mark, noun: str) -> Rule | None:
    """The rule for two marks before a noun. None: they tell events apart."""
    if one in _HIS and other in _HIS:
        return "person"
    if one in _HIS or other in _HIS:
        return "possessive" if "" in (one, other) and "her" not in (one, other) and singular(noun) in OWN else None
    return "determiner" if "" in (one, other) else "article"
