"""Names of persons in a sentence, told from places, things and days."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from graph.normalization import first_names as names
from graph.normalization.lexicon import (
    ACTS_OF_PLACES,
    BRANDS,
    CALENDAR,
    DONE_TO_PEOPLE,
    FAMILY,
    LIVING,
    PLACED_BY,
    PRONOUNS,
    WORKS,
)
from graph.normalization.parser import is_known_name
from graph.normalization.tokens import as_written
from graph.normalization.verbs import is_verb, is_word, lemma

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

_SPEAKS = frozenset(("say", "tell", "announce", "claim", "deny", "admit", "tweet"))
_NOT_PERSONS = frozenset(
    ("GPE", "LOC", "FAC", "ORG", "NORP", "DATE", "TIME", "EVENT", "LANGUAGE", "LAW", "PRODUCT", "WORK_OF_ART", "MONEY")
)


def names_in(doc: "Doc") -> Iterator["Span"]:
    """The names of persons, titles and surnames included."""
    n = 0
    while n < len(doc):
        end = n
        while end < len(doc) and _is_name_part(doc, n, end):
            end += 1
        if end > n and _is_person(doc[n:end]):
            yield doc[n:end]
        n = max(end, n + 1)


def _is_name_part(doc: "Doc", start: int, n: int) -> bool:
    token = doc[n]
    if not token.text[:1].isupper() or token.lower_ in PRONOUNS or token.lower_ in FAMILY:
        return False
    title = token.lower_.rstrip(".") in names.TITLES and n + 1 < len(doc) and doc[n + 1].text[:1].isupper()
    if title and doc[n + 1].lower_ not in PRONOUNS:
        return n == start
    unknown = n == start == 0 and token.tag_ == "NN" and doc[0].dep_ == "nsubj" and not is_word(token.lower_)
    if not is_known_name(token) and token.tag_ not in ("NNP", "NNPS") and not unknown:
        return False
    if token.lower_ in CALENDAR or (n > start and _are_two_persons(doc[n - 1], token)):
        return False
    return n == start or doc[n - 1].whitespace_ == " "


def _are_two_persons(one: "Token", other: "Token") -> bool:
    """ "gave Tom Anna's book"."""
    compound = "compound" in (one.dep_, other.dep_)
    return is_known_name(one) and is_known_name(other) and not compound


def _is_person(span: "Span") -> bool:
    first, last = span[0], span[len(span) - 1]
    if first.lower_.rstrip(".") in names.TITLES:
        return True
    if any(child.dep_ == "det" and child.lower_ in ("the", "a", "an") for child in last.children):
        return False
    if last.dep_ == "compound" and last.head.i == last.i + 1 and last.head.tag_ in ("NN", "NNS", "NNP", "NNPS"):
        return False
    if _is_thing(span):
        return False
    if is_known_name(first):
        return True
    before = first.nbor(-1).lower_ if first.i else ""
    if names.is_first_name(first.text):
        placed = first.ent_type_ in ("GPE", "LOC", "FAC") and (before in PLACED_BY or last.dep_ == "pobj")
        is_scene = (
            (first.ent_type_ == "GPE" or span.start == 0)
            and names.is_place(first.text)
            and lemma(last.head) in ("be", *ACTS_OF_PLACES)
        )
        return not placed and not is_scene and (first.ent_type_ not in _NOT_PERSONS or _acts(last))
    if span.start == 0 and last.dep_ == "nsubj" and len(span) == 1 and last.tag_ == "NN":
        return not is_word(last.lower_)
    if last.lower_ in FAMILY or first.ent_type_ not in ("", "PERSON"):
        return False
    if last.dep_ in ("dobj", "dative"):
        return lemma(last.head) in DONE_TO_PEOPLE
    return (
        last.ent_type_ == "PERSON"
        or (last.dep_ == "nsubj" and is_verb(last.head))
        or before == "with"
        or last.head.dep_ == "agent"
    )


def _is_thing(span: "Span") -> bool:
    """A brand, one's own device, a book or film, or the first common noun of a headline."""
    first, last = span[0], span[len(span) - 1]
    name, doc = as_written(last).lower(), span.doc
    following = [token.text for token in doc[span.end : span.end + 1]]
    if following == ["'s"]:
        name += "'s"
    if name in BRANDS and not any(token.tag_[:2] in ("NN", "JJ") for token in doc[span.end + 1 : span.end + 2]):
        return True
    if span.start and doc[span.start - 1].tag_ == "PRP$" and last.dep_ != "appos":
        return True
    if (
        last.dep_ == "dobj"
        and lemma(last.head) in WORKS
        and (len(span) > 1 or lemma(last.head) in ("reread", "rewatch"))
    ):
        return True
    word = as_written(first).lower()
    says = lemma(last.head) in _SPEAKS
    is_noun = word in LIVING or (is_word(word) and not names.is_first_name(word) and not says)
    return len(span) == 1 and span.start == 0 and is_noun


def _acts(token: "Token") -> bool:
    """The subject or object of a verb, or an owner."""
    return token.dep_ in ("nsubj", "nsubjpass", "dobj", "dative", "poss", "agent", "conj")


def start_of(span: "Span") -> int:
    """ "my friend Tom" is Tom."""
    last = span[len(span) - 1]
    whole = last.head if last.dep_ == "appos" and last.head.i == span.start - 1 else last
    if whole == last and last.dep_ not in ("nsubj", "nsubjpass", "dobj", "pobj", "dative", "appos", "ROOT"):
        return span.start
    before = list(last.doc[whole.left_edge.i : span.start])
    fits = (
        before
        and before[0].tag_ == "PRP$"
        and len(before) > 1
        and all(t.tag_ in ("NN", "JJ", "JJS", "PRP$", "HYPH") for t in before)
    )
    return before[0].i if fits else span.start
