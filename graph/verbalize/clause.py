"""The words of a clause with its persons put in: names, pronouns, possessives, reflexives, and verbs that agree."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from graph.normalization.lexicon import words
from graph.verbalize.people import Cast, Number
from graph.verbalize.tails import SPECIAL
from graph.verbalize.words import (
    ADVERBS,
    DETERMINERS,
    PREPOSITIONS,
    agreeing,
    base,
    is_adverb,
    is_base,
    is_finite,
    is_plural,
    is_third,
    third,
)

Form = Literal["finite", "bare"]
"""How a text has its first verb: finite as in "gets", or bare as in "get"."""

_MENTION = re.compile(r"([^\w']*)(Person[XYZ])('s)?([^\w']*)")
_PERSON = re.compile(r"Person[XYZ]")
_CORE = re.compile(r"[^\w'-]+")
_CONJUNCTIONS = frozenset(("and", "or", "but", "then"))
_SUBORDINATE = words("because if when while until since although though unless who which that whether")
_APART = words(
    "with behind around near beside above below under over past after before off toward towards along between"
)
"""Prepositions of a place: "closes the door behind her", not "behind herself"."""
_SAYS = words("say think know hope believe feel hear see realize realise notice wish tell claim admit find mean doubt")
_CONTROL = words(
    "ask tell want get help force allow invite beg teach order hire convince persuade expect need let "
    "make have watch see hear encourage remind warn urge"
)
"""Verbs whose object does what follows: "asks the doctor to help her"."""
_REFLEXIVES = words("himself herself themselves themself oneself himself/herself")
_OWNERS = frozenset(("his", "her", "their", "one's", "his/her"))


@dataclass(slots=True)
class Scene:
    """The state of a text.

    named: persons named so far.
    own: the person that is the subject of the clause.
    outer: subjects of the clauses around it.
    number: of the subject. None: a bare verb is wanted.
    """

    cast: Cast
    named: frozenset[str] = frozenset()
    own: str | None = None
    outer: set[str] = field(default_factory=set[str])
    number: Number | None = "singular"

    def name(self, person: str) -> None:
        """Count a person as named."""
        if person not in self.named:
            self.named = self.named | {person}


def clause(text: str, scene: Scene) -> str:
    """A whole clause: its subject is in the text."""
    scene.own, scene.outer, scene.number = None, set(), "singular"
    return _Writer(text, scene).write(is_start=True)


def predicate(text: str, scene: Scene, form: Form) -> str:
    """What a subject does. The scene has the subject and its number."""
    if SPECIAL.search(text) is None:
        return _with_verb(text, scene.number, form)
    return _Writer(text, scene).write(is_start=False, form=form)


def phrase(text: str, scene: Scene) -> str:
    """A part of a clause without its verb. The scene has the subject."""
    return text if SPECIAL.search(text) is None else _Writer(text, scene).write(is_start=False, form=None)


@lru_cache(1 << 16)
def _with_verb(text: str, number: Number | None, form: Form) -> str:
    """A predicate without persons, with its one verb."""
    words = text.split(" ")
    for n, word in enumerate(words):
        core = _CORE.sub("", word).lower()
        if n + 1 == len(words) or not is_adverb(core):
            words[n] = word.replace(core, _verb(core, number, form), 1)
            break
    return " ".join(words).replace(" 'm not", "'m not")


def _verb(core: str, number: Number | None, form: Form) -> str:
    """A verb for a subject. number: None for a bare verb."""
    if number is None:
        return base(core) if form == "finite" and is_third(core) else core
    if form == "finite":
        return core if number == "singular" else agreeing(core, number)
    if core == "be":
        return {"I": "am", "plural": "are", "singular": "is"}[number]
    return third(core) if number == "singular" and is_base(core) else core


class _Writer:
    """Writes one text, word by word."""

    def __init__(self, text: str, scene: Scene) -> None:
        self.scene = scene
        self.words = text.split(" ")
        self.cores = [word.lower() if word.isalpha() else _CORE.sub("", word).lower() for word in self.words]
        self.alone = "PersonY" not in text and "PersonZ" not in text and not scene.cast.others
        self.out: list[str] = []
        self.verb = ""

    def write(self, *, is_start: bool, form: Form | None = "finite") -> str:
        scene, pending, n = self.scene, form is not None and not is_start, 0
        while n < len(self.words):
            word, core = self.words[n], self.cores[n]
            mention = _MENTION.fullmatch(word) if "Person" in word else None
            if mention is not None:
                if mention[3]:
                    self._own(n, mention, is_start=is_start)
                elif is_start or self._is_subject(n):
                    n = self._subject(n, mention)
                    pending, form = True, "finite"
                else:
                    self._object(n, mention)
                is_start = False
            elif core in _REFLEXIVES:
                self._replace(word, core, self._reflexive())
            elif core in _OWNERS and self._is_own(n):
                if self.cores[n + 1 : n + 3] in (["or", "her"], ["or", "his"]):
                    n += 2
                self._replace(word, core, self._form(2))
            elif pending and not (is_adverb(core) and n + 1 < len(self.words)):
                pending = False
                self.verb = base(core) if is_third(core) else core
                self._verb(word, core, form or "finite")
            else:
                if (is_third(core) or form == "bare") and self._is_coordinated(n) and scene.own != "":
                    self._verb(word, core, form or "finite")
                else:
                    self.out.append(word)
                self._close(n)
            is_start = is_start and core in ADVERBS
            n += 1
        return " ".join(self.out).replace(" 'm not", "'m not")

    # --- persons ---

    def _subject(self, n: int, mention: "re.Match[str]") -> int:
        """Write one person, or several joined by "and", as the subject. The last place of them."""
        scene, people = self.scene, [mention[2]]
        while self.cores[n + 1 : n + 2] == ["and"] and (
            other := _MENTION.fullmatch(" ".join(self.words[n + 2 : n + 3]))
        ):
            if other[3] or other[2] in people:
                break
            people.append(other[2])
            mention, n = other, n + 2
        if scene.own is not None:
            scene.outer.add(scene.own)
        if len(people) == 1:
            text, number = scene.cast.subject(people[0], scene.named)
            scene.own = people[0]
        else:
            people.sort(key=lambda person: scene.cast[person].pronoun == "I")
            text, number = " and ".join(scene.cast.subject(person, scene.named)[0] for person in people), "plural"
            scene.own = None
        for person in people:
            scene.name(person)
        scene.number = number
        self.out.append(f"{mention[1]}{text}{mention[4]}")
        return n

    def _object(self, n: int, mention: "re.Match[str]") -> None:
        scene, person = self.scene, mention[2]
        before = self.cores[n - 1] if n else ""
        if person == scene.own:
            is_apart = before in _APART or self.cores[max(n - 3, 0) : n] == ["in", "front", "of"]
            text = scene.cast[person].form(1 if is_apart else 4)
        elif person in scene.outer:
            text = scene.cast[person].form(1)
        else:
            text = scene.cast.object(person, scene.named)
        scene.name(person)
        self.out.append(f"{mention[1]}{text}{mention[4]}")
        following = self.cores[n + 1] if n + 1 < len(self.words) else ""
        if person != scene.own and not mention[4] and (following == "to" or is_base(following)):
            self._enter(person)

    def _own(self, n: int, mention: "re.Match[str]", *, is_start: bool) -> None:
        """Write a possessive."""
        scene, person = self.scene, mention[2]
        following = self.cores[n + 1] if n + 1 < len(self.words) else ""
        is_last = not following or following in PREPOSITIONS or following in _CONJUNCTIONS or bool(mention[4])
        alone = is_last and n > 0 and self.cores[n - 1] == "of"
        if person == scene.own or person in scene.outer:
            text = scene.cast[person].form(3 if alone or (is_last and not following) else 2)
        else:
            text = scene.cast.possessive(person, scene.named, alone=alone)
        scene.name(person)
        self.out.append(f"{mention[1]}{text}{mention[4]}")
        if is_start:
            scene.own, scene.number = None, "singular"

    def _is_subject(self, n: int) -> bool:
        """The subject of a clause inside: a finite verb follows."""
        before, m = self.cores[n - 1] if n else "", n + 1
        while m < len(self.cores) and is_adverb(self.cores[m]):
            m += 1
        if m == len(self.cores) or not is_finite(self.cores[m]) or (before in PREPOSITIONS and before not in _TIMES):
            return False
        is_noun = is_plural(self.cores[m])
        verb = base(before) if is_third(before) else before
        return not (is_noun and is_third(before) and verb not in _SAYS)

    def _is_own(self, n: int) -> bool:
        """ "his" and "their" of the subject. Others could be meant if anybody else is there."""
        scene = self.scene
        if scene.own is None or not self.alone or n + 1 == len(self.words):
            return False
        if self.cores[n] == "her" and (self.cores[n + 1] in PREPOSITIONS or self.cores[n + 1] in DETERMINERS):
            return False
        return self.cores[n] != "their" or scene.cast[scene.own].pronoun is not None

    def _form(self, case: int) -> str:
        return self.scene.cast[self.scene.own].form(case) if self.scene.own is not None else "their"

    def _reflexive(self) -> str | None:
        return self.scene.cast[self.scene.own].form(4) if self.scene.own else None

    def _replace(self, word: str, core: str, text: str | None) -> None:
        start = word.lower().find(core)
        self.out.append(word if text is None or start < 0 else word[:start] + text + word[start + len(core) :])

    # --- verbs and clauses ---

    def _verb(self, word: str, core: str, form: Form) -> None:
        text = _verb(core, self.scene.number, form)
        self._replace(word, core, None if text == core else text)

    def _is_coordinated(self, n: int) -> bool:
        """A further verb of the same subject, as in "goes home and sleeps"."""
        m = n - 1
        while m > 0 and is_adverb(self.cores[m]) and self.cores[m] not in _CONJUNCTIONS:
            m -= 1
        if m < 1 or self.cores[m] not in _CONJUNCTIONS or not self.verb:
            return False
        core = self.cores[n]
        following = self.cores[n + 1] if n + 1 < len(self.cores) else ""
        if not is_third(core):
            return is_base(core) and (following in DETERMINERS or following in PREPOSITIONS)
        if not is_plural(core) or following in DETERMINERS or following in ("it", "them", "him", "me", "us", "to"):
            return True
        before = self.cores[m - 1]
        return base(before) == self.verb or (not is_plural(before) and "Person" not in self.words[m - 1])

    def _close(self, n: int) -> None:
        """Leave the subject's clause where another subject begins."""
        core, following = self.cores[n], self.cores[n + 1 : n + 2]
        if self.scene.own is None or not following:
            return
        if (core in _SUBORDINATE and "person" not in following[0] and not is_finite(following[0])) or (
            core == "to"
            and self.verb in _CONTROL
            and n
            and self.cores[n - 1] not in (self.verb, third(self.verb))
            and not self.cores[n - 1].startswith("person")
        ):
            self._enter(None)

    def _enter(self, person: str | None) -> None:
        if self.scene.own is not None:
            self.scene.outer.add(self.scene.own)
        self.scene.own = person


_TIMES = frozenset(("after", "before", "until", "since", "as", "than", "when", "while", "if"))


def without_persons(text: str, scene: Scene) -> str:
    """The text without any person left, even inside a word."""
    return _PERSON.sub(lambda m: scene.cast.object(m[0], frozenset()), text) if "Person" in text else text
