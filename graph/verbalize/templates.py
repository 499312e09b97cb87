"""The sentence templates of the relations, taken apart."""

import re
from dataclasses import dataclass
from functools import cache

from graph.verbalize.tails import Kind
from schemas.relations import RELATIONS, Relation, RelationInfo, SentenceTemplates

_PIECE = re.compile(r"\{(\w+)\}|\[(\w+)\]")
_HEAD_SLOTS = frozenset(("head", "this", "who", "whom", "filled"))
_END = re.compile(r"(?<=[.?!]) ")
_CONJUNCTIONS = ("because", "so", "if", "when", "while", "unless", "after", "before", "and", "but", "in", "to")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a template: plain words, a slot such as {head}, or a verb such as [wants], which agrees."""

    text: str = ""
    slot: str = ""
    verb: str = ""


Sentence = tuple[Piece, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """The sentences of a template.

    start: its first slot, if it begins with one.
    uses_this: it has the slot {this}.
    tail: its one slot for tails, if no verb after it agrees with them.
    """

    sentences: tuple[Sentence, ...]
    start: str
    uses_this: bool
    tail: str | None


@cache
def templates_of(relation: Relation) -> SentenceTemplates:
    """The templates of a relation: those of its file, or some made of its phrase."""
    info = RELATIONS[relation]
    return info.sentence or _of_phrase(info)


def _of_phrase(info: RelationInfo) -> SentenceTemplates:
    phrase = info.phrase
    if info.whose == "thing":
        start = f"{{this}} {phrase}"
    elif phrase.partition(" ")[0] in _CONJUNCTIONS:
        start = f"{{head}} {phrase}"
    else:
        start = f"{{head}}. {phrase}"
    return SentenceTemplates("thing", f"{start} {{tail}}", f"{start} what?", f"{start} nothing")


@cache
def template(relation: Relation, kind: Kind, *, is_stated: bool) -> Template:
    """The template of a statement.

    kind: what the tail is.
    is_stated: without the head, which stands in the sentence before.
    """
    templates = templates_of(relation)
    by_kind = {"clause": templates.clause, "thing": templates.thing, "action": templates.action}
    text = by_kind.get(kind) or templates.statement
    return parsed(_stated(text, templates) if is_stated else text)


def _stated(text: str, templates: SentenceTemplates) -> str:
    if not text.startswith("{head}"):
        return text
    rest = text.removeprefix("{head}")
    if rest.startswith(". "):
        return rest[2:]
    return (
        templates.more if templates.more and text == templates.statement else f"This happens{rest.replace(',', '', 1)}"
    )


@cache
def parsed(text: str) -> Template:
    """A template from its text."""
    sentences = tuple(_pieces(sentence) for sentence in _END.split(text))
    tails = [n for n, piece in enumerate(sentences[-1]) if piece.slot and piece.slot not in _HEAD_SLOTS]
    agrees = len(tails) == 1 and not any(piece.verb for piece in sentences[-1][tails[0] :])
    return Template(sentences, sentences[0][0].slot, "{this}" in text, sentences[-1][tails[0]].slot if agrees else None)


def _pieces(sentence: str) -> Sentence:
    pieces: list[Piece] = []
    end = 0
    for match in _PIECE.finditer(sentence):
        if match.start() > end:
            pieces.append(Piece(sentence[end : match.start()]))
        pieces.append(Piece(slot=match[1] or "", verb=match[2] or ""))
        end = match.end()
    if end < len(sentence):
        pieces.append(Piece(sentence[end:]))
    return tuple(pieces)


@cache
def is_stated_by(relation: Relation) -> bool:
    """True if a sentence of the relation tells its tail as an event that happens."""
    templates = templates_of(relation)
    return "{verb}" in templates.statement or ("{event}" in templates.statement and templates.join == "and")
