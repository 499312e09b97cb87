"""The slots of a template, filled for one head and its tails."""

from dataclasses import dataclass, replace

from graph.verbalize.clause import Form, Scene, clause, phrase, predicate, without_persons
from graph.verbalize.heads import Head, filled, joined, without_blanks
from graph.verbalize.people import Number
from graph.verbalize.tails import Tail, bare
from graph.verbalize.templates import Sentence
from graph.verbalize.words import (
    PREPOSITIONS,
    agreeing,
    gerund,
    is_gerund,
    is_plural,
    noun_of,
    with_article,
)
from schemas.relations.info import Subject

TAIL = "\0"
"""Stands for a tail to come."""


@dataclass(slots=True)
class Slots:
    """What fills a template.

    tails: read, of one template.
    is_stated: the head stands in a sentence before.
    """

    scene: Scene
    head: Head
    whose: Subject
    tails: tuple[Tail, ...] = ()
    join: str = "and"
    is_stated: bool = False

    def copy(self) -> "Slots":
        """The same for another tail."""
        scene = self.scene
        return replace(self, scene=Scene(scene.cast, scene.named, scene.own, set(), scene.number))

    def start(self, slot: str) -> str:
        """The head alone, as its template begins with it."""
        return without_persons(self._slot(slot)[0], self.scene)

    def fill(self, sentence: Sentence, *, is_started: bool = False) -> str:
        """A sentence of the template, not yet finished. is_started: its first slot stands already."""
        texts: list[str] = []
        numbers: list[Number | None] = []
        for n, piece in enumerate(sentence):
            if is_started and n == 0:
                text, number = "", self._number() if piece.slot == "this" else None
            else:
                text, number = self._slot(piece.slot) if piece.slot else (piece.text, None)
            texts.append(text)
            numbers.append(number)
        for n, piece in enumerate(sentence):
            if piece.verb:
                number = next((one for one in (*numbers[:n][::-1], *numbers[n:]) if one is not None), "singular")
                texts[n] = piece.verb if number == "singular" else agreeing(piece.verb, number)
        return without_persons("".join(texts), self.scene)

    def _slot(self, slot: str) -> tuple[str, Number | None]:
        match slot:
            case "head":
                return self._event(), None
            case "this":
                return self._this()
            case "who":
                return self._who()
            case "whom":
                return self._whom(), None
            case "filled":
                return clause(self._filled(), self.scene), None
            case _:
                return self._list(slot) if self.tails else (TAIL, None)

    # --- the head and its persons ---

    def _event(self) -> str:
        head, scene = self.head, self.scene
        text = without_blanks(head.text).rstrip("?")
        if head.kind == "clause":
            return clause(text, scene)
        if head.kind == "thing":
            return with_article(clause(text, scene))
        subject, number = (
            scene.cast.subject("PersonX", scene.named) if "PersonX" in scene.cast.known else ("people", "plural")
        )
        scene.own, scene.number = "PersonX" if number != "plural" else None, number
        scene.name("PersonX")
        return f"{subject} {predicate(text, scene, 'bare')}"

    def _number(self) -> Number:
        """The number of {this}."""
        return "plural" if self.head.is_plural else "singular"

    def _this(self) -> tuple[str, Number]:
        head = self.head
        if head.kind == "thing":
            if self.is_stated:
                return "they" if head.is_plural else "it", self._number()
            return with_article(clause(without_blanks(head.text), self.scene)), self._number()
        if self.is_stated or head.kind == "clause":
            return "this", "singular"
        return self._gerund(Tail("action", head.text)), "singular"

    def _filled(self) -> str:
        things = [tail.text for tail in self.tails]
        if self.head.has_blank:
            return filled(self.head.text, things, self.join)
        return f"{self.head.text}: {joined(things, self.join)}"

    def _people(self) -> list[str]:
        """The subjects of the tails. Empty: others."""
        if self.whose != "other":
            return ["PersonX"]
        subjects = [tail.subject for tail in self.tails if tail.subject]
        if subjects:
            return list(dict.fromkeys(subjects))
        people = [person for person in self.head.persons if person != "PersonX"]
        people = people or self.scene.cast.others[:1]
        objects = {person for person in people for tail in self.tails if person in tail.text}
        return [person for person in people if person not in objects or len(people) == 1]

    def _who(self) -> tuple[str, Number]:
        scene = self.scene
        people = self._people() if self.head.persons or self.whose == "other" else self._actor()
        scene.outer = set()
        scene.own, scene.number = None, "plural"
        if not people:
            return "others" if self.whose == "other" else "people", "plural"
        if len(people) > 1:
            text = joined([scene.cast.subject(person, frozenset())[0] for person in people], "and")
        else:
            text, scene.number = scene.cast.subject(people[0], scene.named)
            scene.own = people[0]
        for person in people:
            scene.name(person)
        return text, scene.number

    def _actor(self) -> list[str]:
        """PersonX. Nobody for a bare action of people in general."""
        return [] if self.head.kind == "action" and "PersonX" not in self.scene.cast.known else ["PersonX"]

    def _whom(self) -> str:
        people = self._people() if self.whose != "thing" else [p for p in self.head.persons if p == "PersonX"]
        if not people:
            return "others" if self.whose == "other" else "people"
        text = joined([self.scene.cast.object(person, self.scene.named) for person in people], "and")
        self.scene.own, self.scene.number = people[0] if len(people) == 1 else None, None
        return text

    # --- the tails ---

    def _list(self, slot: str) -> tuple[str, Number | None]:
        scene = self.scene
        own, number = scene.own, scene.number
        texts: list[str] = []
        for tail in self.tails:
            if slot != "event":
                scene.own, scene.number, scene.outer = own, number, set()
            texts.append(self.tail(slot, tail))
        plural = len(self.tails) > 1 and self.join == "and"
        plural = plural or any(tail.kind == "thing" and is_plural(noun_of(tail.text)) for tail in self.tails[-1:])
        return joined(
            texts, self.join
        ), "plural" if plural and slot == "thing" else "singular" if slot == "thing" else None

    def tail(self, slot: str, tail: Tail) -> str:
        """A tail in a slot. The scene has its subject."""
        match slot:
            case "to":
                return self._to(tail)
            case "verb":
                return self._verb(tail)
            case "base":
                return self._base(tail)
            case "gerund":
                return self._gerund(tail) if tail.kind == "action" else self._thing(tail)
            case "use":
                return f"to {self._base(tail)}" if tail.kind == "action" else f"for {self._thing(tail)}"
            case "quality" | "thing":
                return self._thing(tail)
            case "event":
                return self._whole(tail)
            case "place":
                return (
                    self._thing(tail)
                    if tail.text.partition(" ")[0].lower() in PREPOSITIONS
                    else f"at {self._thing(tail)}"
                )
            case _:
                return phrase(tail.text, self.scene)

    def _thing(self, tail: Tail) -> str:
        text = phrase(tail.text, self.scene)
        return with_article(text) if tail.kind == "thing" else text

    def _to(self, tail: Tail) -> str:
        if tail.kind == "thing" and not is_gerund(tail.text.partition(" ")[0]):
            return phrase(tail.text, self.scene)
        if tail.text.startswith("not to "):
            return f"not to {self._predicate(tail.text[7:], None, 'bare')}"
        return f"to {self._base(tail)}"

    def _base(self, tail: Tail) -> str:
        if tail.kind == "action":
            return self._predicate(bare(tail.text), None, "bare")
        return f"be {self._thing(tail)}"

    def _verb(self, tail: Tail) -> str:
        number = self.scene.number or "singular"
        if tail.kind == "action":
            return self._predicate(tail.text, number, "bare" if tail.is_bare else "finite")
        verb = "has" if tail.kind == "thing" and not is_gerund(tail.text.partition(" ")[0]) else "is"
        return f"{verb if number == 'singular' else agreeing(verb, number)} {self._thing(tail)}"

    def _gerund(self, tail: Tail) -> str:
        verb, blank, rest = bare(tail.text).partition(" ")
        return gerund(verb) + blank + phrase(rest, self.scene)

    def _whole(self, tail: Tail) -> str:
        if tail.kind == "clause" or (tail.kind == "thing" and tail.text.startswith("Person")):
            return clause(tail.text, self.scene)
        if tail.kind == "thing":
            return self._thing(tail)
        if tail.kind == "quality" and tail.text.partition(" ")[0] in PREPOSITIONS:
            return phrase(tail.text, self.scene)
        who, number = self._who()
        self.scene.number = number
        return f"{who} {self._verb(tail)}"

    def _predicate(self, text: str, number: Number | None, form: Form) -> str:
        self.scene.number = number
        return predicate(text, self.scene, form)
