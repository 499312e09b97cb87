"""A text about triples, sentence by sentence."""

from collections.abc import Sequence

from graph.verbalize.clause import Scene
from graph.verbalize.heads import Head
from graph.verbalize.people import Cast
from graph.verbalize.slots import Slots
from graph.verbalize.tails import Tail, read_tail
from graph.verbalize.templates import Template, parsed, template, templates_of
from schemas.relations import RELATIONS, Relation

_SUBJECTS: dict[str, tuple[str, ...]] = {
    "X": ("PersonX", "he", "she", "they"),
    "other": ("PersonY", "PersonZ", "others", "people", "he", "she", "they"),
    "thing": (),
}


class Telling:
    """A text in progress: its sentences, and the persons named so far."""

    def __init__(self, cast: Cast) -> None:
        self.scene = Scene(cast)
        self.sentences: list[str] = []

    @property
    def text(self) -> str:
        """All sentences."""
        return " ".join(self.sentences)

    def event(self, head: Head) -> None:
        """Tell an event alone."""
        self._add(parsed("{head}"), Slots(self.scene, head, "X"))

    def statement(self, head: Head, relation: Relation, tails: Sequence[str], *, is_told: bool = False) -> None:
        """Tell triples of one head and relation. is_told: the head stands in a sentence before."""
        templates, info = templates_of(relation), RELATIONS[relation]
        subjects = _SUBJECTS[info.whose] if templates.tail != "clause" else ()
        groups: dict[Template, list[Tail]] = {}
        for text in tails:
            tail = read_tail(text, templates.tail, subjects)
            groups.setdefault(template(relation, tail.kind, is_told=False), []).append(tail)
        for group in groups.values():
            words = template(relation, group[0].kind, is_told=is_told)
            self._add(words, Slots(self.scene, head, info.whose, tuple(group), templates.join, is_told))
            is_told = True

    def question(self, head: Head, relation: Relation, *, is_told: bool = False) -> None:
        """Ask for the tails of a relation."""
        self._of_head(head, relation, templates_of(relation).question, is_told=is_told)

    def not_applicable(self, head: Head, relation: Relation, *, is_told: bool = False) -> None:
        """Tell that a relation does not apply."""
        self._of_head(head, relation, templates_of(relation).not_applicable, is_told=is_told)

    def _of_head(self, head: Head, relation: Relation, text: str, *, is_told: bool) -> None:
        text = text.removeprefix("{head}. ") if is_told else text
        self._add(parsed(text), Slots(self.scene, head, RELATIONS[relation].whose, is_told=is_told))

    def _add(self, words: Template, slots: Slots) -> None:
        uses_this = any(piece.slot == "this" for sentence in words for piece in sentence)
        if uses_this and slots.head.kind == "clause" and not slots.is_told:
            self.event(slots.head)
        self.sentences.extend(_finished(slots.fill(sentence)) for sentence in words)


def _finished(text: str) -> str:
    """A sentence with its capital letter and its end."""
    text = " ".join(text.split()).rstrip(" ,;:")
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!", "…")) else ".")
