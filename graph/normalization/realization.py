"""A clause in the words of a canonical event: subject, verb in the simple present, the rest; persons marked."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graph.normalization.clauses import Clause, mark_of
from graph.normalization.coreference import Mention, Person, noun_meant
from graph.normalization.lexicon import FAMILY, LIVING, words
from graph.normalization.tense import Tense
from graph.normalization.tokens import as_written
from graph.normalization.verbs import (
    are_several,
    finite,
    helpers_of,
    is_common_noun,
    is_verb,
    lemma,
    modal_of,
    modal_word,
    negation_of,
    subject_of,
    subjects_below,
)

if TYPE_CHECKING:
    from spacy.tokens import Token

_OPENERS = words(
    "so well and but then oh honestly actually basically anyway apparently seriously literally unfortunately "
    "luckily sadly obviously hopefully frankly thankfully plus please also however"
)
_ASKING = words("why how where when")
_NO_AGENT = words("accident mistake surprise hand car bus train mail chance now then myself himself herself")
_ASKED_FOR = {"what": "something", "who": "someone", "whom": "someone"}
_MARKS = words(", . ; : ! ? - – — … ... -- \" ' ( ) “ ” ‘ ’ / *")


@dataclass(frozen=True, slots=True)
class Piece:
    """A word to write, or a person; `glued` to the one before, without a space."""

    text: str
    person: Person | None = None
    possessive: bool = False
    glued: bool = False


class Wording:
    """Puts clauses into words; knows the mentions of persons in the whole text."""

    def __init__(self, mentions: dict[int, Mention]) -> None:
        self._mentions = mentions
        self._tense = Tense(mentions)

    def of(self, clause: Clause) -> list[Piece]:
        """The clause's pieces in order, subject first."""
        verb, words = clause.verb, clause.words()
        subject, pronoun = self._subject(verb, words)
        if not is_verb(verb) and subject is None:
            return self._pieces(_trimmed(words), {})
        agent = _agent_of(verb)
        is_question = _is_question(clause, subject)
        replaced = self._tense.of(clause, words, subject, is_question)
        subject_words = _whole(subject) if subject is not None else []
        there = next((c for c in verb.children if c.dep_ == "expl"), None)
        if there is not None:
            subject_words = [there]
        apart = {token.i for root in clause.apart for token in root.subtree}
        if pronoun is None:
            subject_words = [token for token in subject_words if token.i not in apart]
        taken = {token.i for token in subject_words}
        if pronoun is not None:
            taken.add(pronoun.i)
        start = min((token.i for token in subject_words if token.sent == verb.sent), default=verb.i)
        shares = there is None and subject is not None and subject.head != verb
        start = pronoun.i if pronoun is not None else verb.left_edge.i if shares else start
        helper = min((h.i for h in helpers_of(verb)), default=verb.i)
        opening = [t for t in words if t.i < min(start, helper, verb.i) and t.i not in taken]
        if pronoun is None and (shares or subject is None):
            opening = [t for t in opening if not _is_adverb_at(verb, t)]
        taken |= {token.i for token in opening}
        body = [token for token in words if token.i not in taken]
        opening = _opening(opening, clause, is_question)
        asked_for = [token for token in opening if token.tag_ == "WP" and token.lower_ in _ASKED_FOR]
        if asked_for:
            replaced |= {token.i: _ASKED_FOR[token.lower_] for token in asked_for}
            opening = [token for token in opening if token not in asked_for]
            body = _with_asked_for(body, asked_for, verb)
        if agent is not None:
            return self._active(verb, agent, subject_words, body, opening, replaced)
        pieces = self._pieces(_trimmed(subject_words), replaced) or self._nobody(verb)
        if "," in (token.text for token in _trimmed(subject_words)) and subject_words[-1].text == ",":
            pieces.append(Piece(",", glued=True))
        return (
            pieces
            + [Piece(word) for word in [self._tense.shared_word(clause, is_question)] if word]
            + self._pieces(_trimmed(body), replaced)
            + self._pieces(_trimmed(opening), replaced)
        )

    def _subject(self, verb: "Token", words: "list[Token]") -> "tuple[Token | None, Token | None]":
        """The subject and, for a pronoun with its antecedent in another clause, the antecedent and the pronoun."""
        subject = subject_of(verb)
        if subject is None or subject.lower_ not in ("he", "she", "they") or subject.i in self._mentions:
            return subject, None
        meant = noun_meant(subject)
        return (subject, None) if meant is None or meant in words else (meant, subject)

    def _nobody(self, verb: "Token") -> list[Piece]:
        """The left-out subject: "you" are told to do it, "I" did it."""
        for mention in self._mentions.values():
            wanted = "you" if verb.tag_ in ("VB", "VBP") else "I"
            if mention.person.words == wanted:
                return [Piece(wanted, mention.person)]
        return [Piece("", _LEFT_OUT["you" if verb.tag_ in ("VB", "VBP") else "I"])]

    def _active(
        self,
        verb: "Token",
        agent: "Token",
        patient: "list[Token]",
        body: "list[Token]",
        opening: "list[Token]",
        replaced: dict[int, str],
    ) -> list[Piece]:
        """ "she was fired by Anna" as an act of Anna."""
        doer = next(child for child in agent.children if child.dep_ in ("pobj", "pcomp"))
        actor = list(doer.subtree)
        gone = {token.i for token in actor} | {agent.i}
        body = [token for token in body if token.i not in gone]
        plural = self._tense.is_plural(doer)
        helpers, negation, modal = helpers_of(verb), negation_of(verb), modal_of(verb)
        words = replaced | {helper.i: "" for helper in helpers}
        words[verb.i] = finite(lemma(verb), plural)
        if modal is not None:
            words |= {modal.i: modal_word(modal), verb.i: lemma(verb)}
        elif negation is not None and helpers:
            words |= {helpers[0].i: "do" if plural else "does", verb.i: lemma(verb)}
        after = [token for token in body if token.i > verb.i]
        stranded = next((t for t in after if t.dep_ == "prt" or (t.dep_ == "prep" and not list(t.children))), None)
        last = stranded.i if stranded is not None and stranded.i == verb.i + 1 else verb.i
        before, rest = [t for t in body if t.i <= last], [t for t in body if t.i > last]
        parts = (actor, before, patient, rest, opening)
        return [piece for part in parts for piece in self._pieces(_trimmed(part), words)]

    def _pieces(self, words: "list[Token]", replaced: dict[int, str]) -> list[Piece]:
        pieces: list[Piece] = []
        skip: set[int] = set()
        previous: Token | None = None
        for token in words:
            if token.i in skip:
                continue
            glued = previous is not None and previous.i == token.i - 1 and not previous.whitespace_
            mention = self._mentions.get(token.i)
            if mention is not None and token.i not in replaced:
                skip |= set(range(mention.start, mention.end))
                span = token.doc[mention.start : mention.end]
                text = "".join(as_written(part) + part.whitespace_ for part in span).strip()
                pieces.append(Piece(text, mention.person, mention.possessive, glued))
                previous = token.doc[mention.end - 1]
                continue
            text = replaced.get(token.i, as_written(token))
            if text:
                pieces.append(Piece(_small(token, text), glued=glued and token.i not in replaced))
                previous = token
        return pieces


_LEFT_OUT = {"you": Person("you"), "I": Person("I")}


def _whole(subject: "Token") -> "list[Token]":
    """All words of a subject, with its modifiers if it was parsed as a part of its verb."""
    if subject.dep_ == "ROOT":
        return [token for token in subject.subtree if token.i <= subject.i]
    if subject.dep_ not in ("compound", "nmod", "npadvmod"):
        all_of_them = subjects_below(subject.head) if are_several(subject) else [subject]
        return [token for one in all_of_them for token in one.subtree]
    parts = [
        child
        for child in subject.head.lefts
        if child.dep_ in ("det", "amod", "nummod", "poss", "compound", "nmod", "npadvmod")
    ]
    return [token for part in parts for token in part.subtree if token.i <= subject.i]


def _agent_of(verb: "Token") -> "Token | None":
    """The "by" before the agent of a passive."""
    if not any(child.dep_ == "auxpass" for child in verb.children):
        return None
    given = [child for one in verb.children if one.dep_ == "dobj" for child in one.children if child.lower_ == "by"]
    for by in [*(child for child in verb.children if child.dep_ == "agent"), *given]:
        doer = next((c for c in by.children if c.dep_ == "pobj"), None)
        if doer is None or doer.ent_type_ in ("DATE", "TIME"):
            continue
        if not (doer.lower_ in _NO_AGENT and doer.n_lefts == 0):
            return by
    return None


def _is_question(clause: Clause, subject: "Token | None") -> bool:
    verb = clause.verb
    if subject is None:
        return False
    return any(h.i < subject.i for h in helpers_of(verb)) or (verb.i < subject.i and lemma(verb) == "be")


def _is_adverb_at(verb: "Token", token: "Token") -> bool:
    return token.head == verb and token.dep_ in ("advmod", "neg", "aux", "auxpass")


def _opening(words: "list[Token]", clause: Clause, is_question: bool) -> "list[Token]":
    """The words from before the subject, bound for the end, without mere openers."""
    mark = mark_of(clause.verb)
    kept: list[Token] = []
    for token in words:
        if token.dep_ in ("cc", "preconj", "intj", "mark", "punct") and (
            token.head == clause.verb or token.dep_ == "intj"
        ):
            continue
        if token.i == (mark.i if mark is not None else -1) or (token.lower_ in _OPENERS and token.head == clause.verb):
            continue
        if token.lower_ == "even" and mark is not None and token.i == mark.i - 1:
            continue
        if is_question and token.lower_ in _ASKING:
            continue
        kept.append(token)
    return kept


def _with_asked_for(body: "list[Token]", asked_for: "list[Token]", verb: "Token") -> "list[Token]":
    """ "what did she tell you" as "tells you something": after the verb and its recipient."""
    after = max(
        (
            t.i
            for t in body
            if t == verb or (t.head == verb and t.i > verb.i and t.tag_ != "IN" and t.dep_ in ("dative", "dobj", "prt"))
        ),
        default=verb.i,
    )
    return [t for t in body if t.i <= after] + asked_for + [t for t in body if t.i > after]


def _trimmed(words: "list[Token]") -> "list[Token]":
    """Without punctuation and joining words at either end."""
    words = list(words)
    while words and (words[-1].text in _MARKS or words[-1].dep_ == "cc" or words[-1].is_space):
        words.pop()
    while words and (words[0].text in _MARKS or words[0].dep_ == "cc" or words[0].is_space):
        words.pop(0)
    return words


def _small(token: "Token", text: str) -> str:
    """In lower case, but for names of things and places, and for quotations."""
    if text.startswith('"') and len(text) > 1:
        return text
    if token.lower_ in FAMILY:
        return text.lower()
    if token.is_sent_start and token.lower_ in ("the", "a", "an"):
        return text.lower()
    if token.is_sent_start and (token.lower_ in LIVING or (not token.ent_type_ and is_common_noun(token.lower_))):
        return text.lower()
    if token.tag_ in ("NNP", "NNPS") or token.ent_type_ in ("GPE", "NORP", "ORG", "PRODUCT", "LOC", "FAC", "LANGUAGE"):
        return text
    if token.text.isupper() and (len(token.text) > 1 or not token.is_sent_start):
        return text
    return text.lower() if token.is_sent_start or token.text[1:].islower() or len(token.text) == 1 else text
