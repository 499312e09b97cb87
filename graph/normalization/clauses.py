"""The clauses of a text, side by side or one below another, each with its own verb."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graph.normalization.lexicon import words
from graph.normalization.verbs import (
    helpers_of,
    is_finite,
    is_infinitive,
    is_verb,
    lemma,
    negation_of,
    own_subject,
    subject_of,
)

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_FRAMES = words("think guess suppose feel believe mean bet swear")
_NEGATABLE = words("think believe feel suppose")
_ASKED_FRAMES = words("hear know believe think see remember guess notice")
_SUBORDINATORS = words(
    "because when after before if although though while since until unless once whenever as till whereas where 'cause"
)
_ASKS_IF = words("ask wonder know check tell decide doubt care say")
_KEEP_WHEN = words("hate love like enjoy mind appreciate prefer")
_COORDINATORS = frozenset(("or", "nor"))


@dataclass(slots=True)
class Clause:
    """A verb with its own words, and the roots of other clauses below it."""

    verb: "Token"
    apart: "list[Token]" = field(default_factory=lambda: list["Token"]())
    negated: bool = False
    """A negation moved here from its frame: "I don't think he likes me"."""

    def words(self) -> "list[Token]":
        gone = {token.i for root in self.apart for token in root.subtree}
        return [token for token in self.verb.subtree if token.i not in gone]


def clauses_in(doc: "Doc") -> list[Clause]:
    """All clauses in order. A subordinate one follows its main clause."""
    found: list[Clause] = []
    for sentence in doc.sents:
        found += _clauses_of(sentence.root)
    if not any(is_verb(clause.verb) for clause in found):
        # "a stranger paid for dinner" is no stranger whom somebody paid
        acts = (child for sentence in doc.sents for child in sentence.root.children if child.dep_ == "acl")
        found += [Clause(verb) for verb in acts if verb.tag_ in ("VBN", "VBD")]
    told = [clause for clause in found if is_verb(clause.verb)]
    return told or found[:1]


def _clauses_of(root: "Token") -> Iterator[Clause]:
    verb, negated, outside = _behind_frame(root)
    clause = Clause(verb, negated=negated)
    earlier, later, below = list[Clause](), list[Clause](), list[Clause]()
    for child in [*outside, *_branches(verb)]:
        if _is_told_before(child):
            earlier += _clauses_of(child)
        elif _is_side_by_side(child):
            later += _clauses_of(child)
        elif (soon := _as_soon_as(child)) is not None:
            below += _clauses_of(soon)
        elif _is_subordinate(child):
            below += _clauses_of(child)
        else:
            continue
        clause.apart.append(child)
    yield from earlier
    yield clause
    yield from below
    yield from later


def _branches(verb: "Token") -> "Iterator[Token]":
    """The children of a verb, and the clauses below its infinitives: "wants to leave because …"."""
    for child in verb.children:
        yield child
        if child.dep_ == "xcomp":
            yield from (below for below in _branches(child) if _is_subordinate(below))


def _behind_frame(root: "Token") -> "tuple[Token, bool, list[Token]]":
    """The verb behind a mere frame: "I think that …", "did you know that …"."""
    subject = next((child for child in root.children if child.dep_ == "nsubj"), None)
    inner = next((c for c in root.children if c.dep_ in ("ccomp", "advcl") and c.i > root.i and _has_subject(c)), None)
    if subject is None or inner is None:
        return root, False, []
    who, base, negation = subject.lower_, lemma(root), negation_of(root)
    asked = any(helper.i < subject.i for helper in helpers_of(root))
    first = min(token.i for token in inner.subtree)
    if inner.dep_ == "advcl" and not (base == "feel" and root.doc[first].lower_ == "like"):
        return root, False, []
    if any(
        token.tag_ in ("WP", "WRB", "WDT") or token.lower_ in ("if", "whether")
        for token in inner.doc[first : first + 1]
    ):
        return root, False, []
    unbelievable = base == "believe" and any(helper.lower_ in ("ca", "can", "could") for helper in helpers_of(root))
    if who in ("i", "we") and not asked and (base in _FRAMES or unbelievable):
        if negation is not None and not unbelievable and base not in _NEGATABLE:
            return root, False, []
        moved = negation is not None and not unbelievable
    elif who == "you" and asked and base in _ASKED_FRAMES:
        moved = False
    else:
        return root, False, []
    outside = [c for c in root.children if _is_side_by_side(c) or (c != inner and _is_subordinate(c))]
    verb, negated, more = _behind_frame(inner)
    return verb, moved or negated, outside + more


def _has_subject(verb: "Token") -> bool:
    return own_subject(verb) is not None or any(child.dep_ == "expl" for child in verb.children)


def _is_told_before(child: "Token") -> bool:
    """A sentence before the root, parsed as its reported speech: "I overslept, I missed the bus"."""
    return (
        child.dep_ in ("ccomp", "parataxis")
        and child.i < child.head.i
        and _has_subject(child)
        and _has_subject(child.head)
        and is_finite(child)
        and not any(token.text in "\"'“" for token in child.head.children)
        and min(token.i for token in child.subtree) <= min(c.i for c in child.head.children if c.dep_ != "punct")
    )


def _is_side_by_side(child: "Token") -> bool:
    if child.dep_ in ("conj", "parataxis") and is_verb(child) and is_verb(child.head):
        joined = {c.lower_ for c in child.head.children if c.dep_ == "cc"} | {
            c.lower_ for c in child.children if c.dep_ == "cc"
        }
        if joined & _COORDINATORS:
            return False
        if is_infinitive(child) or is_infinitive(child.head):
            return False
        return is_finite(child) or _has_subject(child) or child.tag_ in ("VB", "VBN", "VBG", "VBD")
    return (
        child.dep_ in ("advcl", "ccomp")
        and child.i > child.head.i
        and _first(child) in ("so", "but")
        and _has_subject(child)
        and not _so_that(child)
    )


def _so_that(child: "Token") -> bool:
    return any(c.lower_ == "that" for c in child.children)


def _as_soon_as(child: "Token") -> "Token | None":
    if child.dep_ != "advmod" or child.lower_ not in ("soon", "long"):
        return None
    return next((below for below in child.children if below.dep_ == "advcl" and _has_subject(below)), None)


def _is_subordinate(child: "Token") -> bool:
    if child.dep_ != "advcl" or not _has_subject(child) or not is_finite(child):
        return False
    opener = mark_of(child)
    if opener is None or opener.lower_ not in _SUBORDINATORS:
        return False
    if opener.lower_ == "as" and opener.i + 1 < len(child.doc) and opener.nbor(1).lower_ in ("if", "though"):
        return False
    if opener.lower_ == "if" and lemma(child.head) in _ASKS_IF:
        return False
    keeps = lemma(child.head) in _KEEP_WHEN and any(c.dep_ == "dobj" and c.lower_ == "it" for c in child.head.children)
    return not keeps


def mark_of(verb: "Token") -> "Token | None":
    """The opening word of a subordinate clause."""
    subject = subject_of(verb)
    before = subject.left_edge.i if subject is not None else verb.i
    return next(
        (c for c in verb.children if c.dep_ in ("mark", "advmod") and c.i < before and c.lower_ in _SUBORDINATORS), None
    )


def _first(verb: "Token") -> str:
    return verb.left_edge.lower_
