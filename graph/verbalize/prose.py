"""A text about triples, sentence by sentence."""

from collections.abc import Sequence
from functools import cache, lru_cache

from graph.verbalize.clause import Scene, without_persons
from graph.verbalize.heads import Head, Shape, read_head
from graph.verbalize.people import SWAPPED, Cast
from graph.verbalize.slots import TAIL, Slots
from graph.verbalize.tails import Tail, read_tail
from graph.verbalize.templates import Template, parsed, template, templates_of
from schemas.relations import RELATIONS, Relation
from schemas.triples import says_none

_SUBJECTS: dict[str, tuple[str, ...]] = {
    "X": ("PersonX", "he", "she", "they"),
    "other": ("PersonY", "PersonZ", "others", "people", "he", "she", "they"),
    "thing": (),
}
_NOBODY = frozenset[str]()


def statement_alone(head: str, relation: Relation, tail: str, cast: Cast) -> str:
    """One triple. The same as a `Prose` of it, faster."""
    event = read_head(head)
    slot, rest = (_alone_none if says_none(tail) else _alone)(cast, relation, tail, event.shape)
    if slot == "":
        prose = Prose(cast)
        prose.statements(event, relation, [tail])
        return prose.text
    if slot == "this" and event.kind == "clause":
        return f"{_ended(_start(cast, event, 'head', _NOBODY)[0])} {rest}"
    return _ended(_start(cast, event, slot, _NOBODY)[0] + rest)


class Prose:
    """A text in progress: its sentences, and the persons named so far."""

    def __init__(self, cast: Cast) -> None:
        self.scene = Scene(cast)
        self.sentences: list[str] = []

    @property
    def text(self) -> str:
        """All sentences."""
        return " ".join(self.sentences)

    def take(self, cast: Cast) -> None:
        """Go on with PersonX and PersonY in each other's place."""
        self.scene = Scene(cast, frozenset(SWAPPED.get(person, person) for person in self.scene.named))

    def event(self, head: Head) -> None:
        """Tell an event alone."""
        start, self.scene.named = _start(self.scene.cast, head, "head", self.scene.named)
        self.sentences.append(_ended(start))

    def statement(self, head: Head, relation: Relation, tails: Sequence[str], *, is_stated: bool = False) -> None:
        """Tell triples of one head and relation. is_stated: the head stands in a sentence before."""
        templates, subjects = templates_of(relation), _subjects(relation)
        groups: dict[Template, list[Tail]] = {}
        for text in tails:
            tail = read_tail(text, templates.tail, subjects)
            groups.setdefault(template(relation, tail.kind, is_stated=False), []).append(tail)
        for group in groups.values():
            words = template(relation, group[0].kind, is_stated=is_stated)
            if words.start == "filled":
                whose = RELATIONS[relation].whose
                self._add(words, Slots(self.scene, head, whose, tuple(group), templates.join, is_stated))
            else:
                self._put(words, head, relation, tuple(group), is_stated=is_stated)
            is_stated = True

    def _put(
        self, words: Template, head: Head, relation: Relation, tails: tuple[Tail, ...], *, is_stated: bool
    ) -> None:
        """Add the sentences of a template. Its start has the head, the rest is the same for many heads."""
        scene = self.scene
        if words.start == "this" and head.kind == "clause" and not is_stated:
            self.event(head)
        start, is_started = "", words.start == "head" or (words.start == "this" and not is_stated)
        if is_started:
            start, scene.named = _start(scene.cast, head, words.start, scene.named)
        rest, scene.named = _rest(scene.cast, words, head.shape, relation, tails, scene.named, is_started, is_stated)
        self.sentences.append(_ended(start + rest) if is_started else rest)

    def statements(self, head: Head, relation: Relation, tails: Sequence[str], *, is_stated: bool = False) -> None:
        """Tell triples. Those with the tail `none` alone say that the relation does not apply."""
        if applicable := [tail for tail in tails if not says_none(tail)]:
            self.statement(head, relation, applicable, is_stated=is_stated)
        else:
            self.not_applicable(head, relation, is_stated=is_stated)

    def question(self, head: Head, relation: Relation, *, is_stated: bool = False) -> None:
        """Ask for the tails of a relation."""
        self._of_head(head, relation, templates_of(relation).question, is_stated=is_stated)

    def not_applicable(self, head: Head, relation: Relation, *, is_stated: bool = False) -> None:
        """Tell that a relation does not apply."""
        self._of_head(head, relation, templates_of(relation).not_applicable, is_stated=is_stated)

    def _of_head(self, head: Head, relation: Relation, text: str, *, is_stated: bool) -> None:
        text = text.removeprefix("{head}. ") if is_stated else text
        self._add(parsed(text), Slots(self.scene, head, RELATIONS[relation].whose, is_stated=is_stated))

    def _add(self, words: Template, slots: Slots) -> None:
        if words.uses_this and slots.head.kind == "clause" and not slots.is_stated:
            self.event(slots.head)
        self.sentences.extend(_ended(_capital(slots.fill(sentence))) for sentence in words.sentences)


@cache
def _subjects(relation: Relation) -> tuple[str, ...]:
    """The persons and pronouns that repeat the subject of the relation's tails."""
    return _SUBJECTS[RELATIONS[relation].whose] if templates_of(relation).tail != "clause" else ()


@lru_cache(1 << 16)
def _alone(cast: Cast, relation: Relation, text: str, shape: Shape) -> tuple[str, str]:
    """The slot that a sentence starts with, and its text after it. No slot: it depends on the head's text."""
    tail = read_tail(text, templates_of(relation).tail, _subjects(relation))
    words = template(relation, tail.kind, is_stated=False)
    if words.start not in ("head", "this"):
        return "", ""
    is_started = words.start == "head" or shape[0] != "clause"
    return words.start, _rest(cast, words, shape, relation, (tail,), _named(shape), is_started, not is_started)[0]


@lru_cache(1 << 12)
def _alone_none(cast: Cast, relation: Relation, _: str, shape: Shape) -> tuple[str, str]:
    """The same for a relation that does not apply."""
    words = parsed(templates_of(relation).not_applicable)
    if words.start not in ("head", "this"):
        return "", ""
    is_started = words.start == "head" or shape[0] != "clause"
    slots = _slots(cast, shape, relation, (), _named(shape), is_stated=not is_started)
    return words.start, _filled(words, slots, is_started=is_started)


def _named(shape: Shape) -> frozenset[str]:
    """The persons named by the head."""
    kind, people, _ = shape
    return _NOBODY.union(people) if people or kind != "action" else _NOBODY.union(("PersonX",))


@lru_cache(1 << 14)
def _start(cast: Cast, head: Head, slot: str, named: frozenset[str]) -> tuple[str, frozenset[str]]:
    """The start of a sentence with its head, and the persons named then."""
    scene = Scene(cast, named)
    return _capital(Slots(scene, head, "X").start(slot)), scene.named


def _rest(
    cast: Cast,
    words: Template,
    shape: Shape,
    relation: Relation,
    tails: tuple[Tail, ...],
    named: frozenset[str],
    is_started: bool,
    is_stated: bool,
) -> tuple[str, frozenset[str]]:
    """The sentences of a template for all heads of a shape, and the persons named then.

    is_started: the first goes on after the head.
    """
    tail, slot = tails[0], words.tail
    is_one = len(tails) == 1 and (tail.is_plain or len(shape[1]) < 3)
    if slot is not None and is_one and (slot != "event" or tail.kind == "clause"):
        before, after, slots = _frame(cast, words, shape, relation, tail.subject, named, is_started, is_stated)
        if not tail.is_plain:
            slots = slots.copy()
        text = slots.tail(slot, tail)
        text = text if tail.is_plain else " ".join(without_persons(text, slots.scene).split())
        return f"{before}{text if before else _capital(text)}{after}", slots.scene.named
    slots = _slots(cast, shape, relation, tails, named, is_stated=is_stated)
    return _filled(words, slots, is_started=is_started), slots.scene.named


@lru_cache(1 << 12)
def _frame(
    cast: Cast,
    words: Template,
    shape: Shape,
    relation: Relation,
    subject: str | None,
    named: frozenset[str],
    is_started: bool,
    is_stated: bool,
) -> tuple[str, str, Slots]:
    """The text before and after a tail, and its slots. subject: see `Tail`."""
    kind, people, plural = shape
    slots = _slots(cast, (kind, (subject,) if subject else people, plural), relation, (), named, is_stated=is_stated)
    before, _, after = _filled(words, slots, is_started=is_started).partition(TAIL)
    return before, after, slots


def _slots(
    cast: Cast, shape: Shape, relation: Relation, tails: tuple[Tail, ...], named: frozenset[str], *, is_stated: bool
) -> Slots:
    head = Head("", *shape)
    return Slots(Scene(cast, named), head, RELATIONS[relation].whose, tails, templates_of(relation).join, is_stated)


def _filled(words: Template, slots: Slots, *, is_started: bool) -> str:
    first, *others = words.sentences
    start = slots.fill(first, is_started=is_started)
    texts = [" ".join(f"|{start}".split())[1:] if is_started else _ended(_capital(start))]
    return " ".join(texts + [_ended(_capital(slots.fill(sentence))) for sentence in others])


def _capital(text: str) -> str:
    """A sentence with its capital letter, without double blanks."""
    text = " ".join(text.split())
    return text[:1].upper() + text[1:]


def _ended(text: str) -> str:
    """A sentence with its end."""
    text = text.strip(" ,;:")
    return text if text.endswith((".", "?", "!", "…")) else text + "."
