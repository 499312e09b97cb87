"""A text about triples, sentence by sentence."""

from collections.abc import Sequence
from functools import lru_cache

from graph.verbalize.clause import Scene
from graph.verbalize.heads import Head, HeadKind
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
        start, self.scene.named = _start(self.scene.cast, head, "head", self.scene.named)
        self.sentences.append(_ended(start))

    def statement(self, head: Head, relation: Relation, tails: Sequence[str], *, is_told: bool = False) -> None:
        """Tell triples of one head and relation. is_told: the head stands in a sentence before."""
        templates = templates_of(relation)
        subjects = _SUBJECTS[RELATIONS[relation].whose] if templates.tail != "clause" else ()
        groups: dict[Template, list[Tail]] = {}
        for text in tails:
            tail = read_tail(text, templates.tail, subjects)
            groups.setdefault(template(relation, tail.kind, is_told=False), []).append(tail)
        for group in groups.values():
            words = template(relation, group[0].kind, is_told=is_told)
            if words.start == "filled":
                whose = RELATIONS[relation].whose
                self._add(words, Slots(self.scene, head, whose, tuple(group), templates.join, is_told))
            else:
                self._tell(words, head, relation, tuple(group), is_told=is_told)
            is_told = True

    def _tell(
        self, words: Template, head: Head, relation: Relation, tails: tuple[Tail, ...], *, is_told: bool
    ) -> None:
        """Add the sentences of a template. Its start has the head, the rest is the same for many heads."""
        scene = self.scene
        if words.start == "this" and head.kind == "clause" and not is_told:
            self.event(head)
        start = ""
        if words.start == "head" or (words.start == "this" and not is_told):
            start, scene.named = _start(scene.cast, head, words.start, scene.named)
        shape = (head.kind, head.persons, head.is_plural)
        rest, scene.named = _rest(scene.cast, words, shape, relation, tails, scene.named, bool(start), is_told)
        first = _ended(start + rest[0]) if start else rest[0]
        self.sentences += (first, *rest[1:])

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
        if words.uses_this and slots.head.kind == "clause" and not slots.is_told:
            self.event(slots.head)
        self.sentences.extend(_ended(_capital(slots.fill(sentence))) for sentence in words.sentences)


@lru_cache(1 << 14)
def _start(cast: Cast, head: Head, slot: str, named: frozenset[str]) -> tuple[str, frozenset[str]]:
    """The start of a sentence with its head, and the persons named then."""
    scene = Scene(cast, named)
    return _capital(Slots(scene, head, "X").start(slot)), scene.named


@lru_cache(1 << 16)
def _rest(
    cast: Cast,
    words: Template,
    shape: tuple[HeadKind, tuple[str, ...], bool],
    relation: Relation,
    tails: tuple[Tail, ...],
    named: frozenset[str],
    is_started: bool,
    is_told: bool,
) -> tuple[tuple[str, ...], frozenset[str]]:
    """The sentences of a template for all heads of a shape, and the persons named then.

    is_started: the first goes on after the head.
    """
    scene = Scene(cast, named)
    kind, people, plural = shape
    slots = Slots(scene, Head("", kind, people, plural), RELATIONS[relation].whose, tails, templates_of(relation).join, is_told)
    first, *others = words.sentences
    start = slots.fill(first, is_started=is_started)
    texts = [" ".join(f"|{start}".split())[1:] if is_started else _ended(_capital(start))]
    texts += [_ended(_capital(slots.fill(sentence))) for sentence in others]
    return tuple(texts), scene.named


def _capital(text: str) -> str:
    """A sentence with its capital letter, without double blanks."""
    text = " ".join(text.split())
    return text[:1].upper() + text[1:]


def _ended(text: str) -> str:
    """A sentence with its end."""
    text = text.rstrip(" ,;:")
    return text if text.endswith((".", "?", "!", "…")) else text + "."
