"""The verbs of a clause in the simple present, in questions, frames and coordinations too."""

from typing import TYPE_CHECKING

from graph.normalization.clauses import Clause
from graph.normalization.coreference import Mention
from graph.normalization.lexicon import words
from graph.normalization.verbs import (
    are_several,
    finite,
    helpers_of,
    in_present,
    is_finite,
    is_infinitive,
    is_plural,
    is_verb,
    lemma,
    modal_of,
    modal_word,
    negation_of,
    subject_of,
)

if TYPE_CHECKING:
    from spacy.tokens import Token

_EMPTY = words("just really actually basically literally honestly simply")
_CAUSES = words("get have need want")
"""Verbs whose object something is done to."""
REQUESTS = words("can could would will")
"""Auxiliaries of a request: "could you lend me …"."""


class Tense:
    """Verbs in the present, with agreement for persons."""

    def __init__(self, mentions: dict[int, Mention]) -> None:
        self._mentions = mentions

    def shared_word(self, clause: Clause, is_question: bool) -> str:
        """The auxiliary shared with the verb before "and"."""
        shared = _shared_helper(clause.verb)
        if shared is None or (is_question and shared.lower_ in REQUESTS):
            return ""
        return modal_word(shared) if shared.tag_ == "MD" else finite("be", self.is_plural(subject_of(clause.verb)))

    def of(self, clause: Clause, words: "list[Token]", subject: "Token | None", is_question: bool) -> dict[int, str]:
        """All finite verbs of the clause in the simple present."""
        replaced: dict[int, str] = {}
        for token in words:
            if token == clause.verb or token.dep_ in ("aux", "auxpass"):
                continue
            if _is_base_after_finite(token):
                replaced[token.i] = finite(lemma(token), self.is_plural(subject_of(token)))
            elif is_verb(token) and is_finite(token) and not _is_done_to_it(token):
                replaced |= in_present(token, self.is_plural(subject_of(token)))
        return replaced | self._main_verb(clause, subject, is_question)

    def _main_verb(self, clause: Clause, subject: "Token | None", is_question: bool) -> dict[int, str]:
        verb = clause.verb
        plural = self.is_plural(subject)
        if any(c.dep_ == "expl" for c in verb.children):
            plural = any(token.lower_ in ("are", "were", "'re") for token in (verb, *helpers_of(verb)))
        asks_whether = is_question and not any(c.lower_ in ("why", "how") for c in verb.children)
        replaced = in_present(verb, plural, with_negation=not asks_whether)
        if (shared := _shared_helper(verb)) is not None:
            replaced = {verb.i: lemma(verb) if shared.tag_ == "MD" else verb.lower_}
        if is_question and subject is not None and subject.lower_ == "you":
            modal = modal_of(verb)
            if modal is not None and modal.lower_ in REQUESTS:
                replaced |= {modal.i: "", verb.i: finite(lemma(verb), plural)}
        if shared is None and not is_finite(verb) and is_verb(verb) and not is_infinitive(verb):
            replaced |= self._bare_verb(verb, plural)
        if clause.negated:
            replaced |= _negated(verb, plural)
        for child in verb.children:
            if child.dep_ == "advmod" and child.lower_ in _EMPTY and child.i < _predicate(verb):
                replaced[child.i] = ""
            if child.dep_ == "advmod" and child.lower_ == "ever" and is_question:
                replaced[child.i] = ""
            if child.dep_ in ("intj", "discourse") and _is_set_apart(child):
                replaced[child.i] = ""
        return replaced

    def _bare_verb(self, verb: "Token", plural: bool) -> dict[int, str]:
        """A verb without a helper of its own: in an order, or with everything before it left out."""
        if negation_of(verb) is not None and helpers_of(verb):
            return {}
        return {verb.i: finite(lemma(verb), plural)}

    def is_plural(self, subject: "Token | None") -> bool:
        if subject is not None and subject.i in self._mentions and not are_several(subject):
            return False
        return is_plural(subject)


def _is_done_to_it(verb: "Token") -> bool:
    """A participle parsed as a past tense: "had my teeth pulled", "got ghosted"."""
    caused = verb.dep_ in ("ccomp", "xcomp", "acl", "oprd", "dobj") and lemma(verb.head) in _CAUSES
    return caused and verb.tag_ in ("VBD", "VBN") and not any(c.dep_ == "mark" for c in verb.children)


def _is_base_after_finite(token: "Token") -> bool:
    """A verb in its base form after "or" or "nor": "neither smoke nor drink"."""
    head = token.head
    return (
        token.dep_ == "conj"
        and token.tag_ in ("VB", "NN")
        and is_verb(head)
        and is_finite(head)
        and not helpers_of(head)
    )


def _shared_helper(verb: "Token") -> "Token | None":
    """The shared auxiliary of the verb before "and": "should eat less and exercise more"."""
    head = verb.head
    if (
        verb.dep_ != "conj"
        or not is_verb(head)
        or helpers_of(verb)
        or any(c.dep_ in ("nsubj", "expl") for c in verb.children)
    ):
        return None
    if verb.tag_ in ("VB", "VBP") and (modal := modal_of(head)) is not None:
        return modal
    passive = next((c for c in head.children if c.dep_ == "auxpass"), None)
    has_object = any(c.dep_ in ("dobj", "ccomp", "xcomp") for c in verb.children)
    by_somebody = any(
        c.dep_ in ("agent", "prep") and c.i == verb.i + 1 and c.lower_ in ("by", "with", "of") for c in verb.children
    )
    return passive if verb.tag_ == "VBN" or (verb.tag_ == "VBD" and by_somebody and not has_object) else None


def _predicate(verb: "Token") -> int:
    """The end of the region of empty adverbs."""
    return verb.i + 2 if lemma(verb) == "be" else verb.i


def _negated(verb: "Token", plural: bool) -> dict[int, str]:
    """The words of a verb with a negation from its frame."""
    words = in_present(verb, plural)
    carrier = next((h for h in helpers_of(verb) if h.dep_ == "auxpass"), None)
    modal = modal_of(verb)
    if modal is not None:
        return {modal.i: words[modal.i] + " not"}
    place = next((n for n, word in words.items() if word in ("is", "are")), None)
    if place is not None:
        return {place: words[place] + " not"}
    target = carrier if carrier is not None else verb
    return {target.i: ("do not " if plural else "does not ") + lemma(target)}


def _is_set_apart(token: "Token") -> bool:
    """An exclamation, by its place or commas: not the "yes" of "she said yes"."""
    return token.is_sent_start or token.nbor(-1).is_punct or token.lower_ == "please"
