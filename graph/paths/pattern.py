"""Patterns of relations along a path, such as `xEffect>xReact` or `(xWant|xEffect){1,3}`.

    pattern     = sequence ("|" sequence)*
    sequence    = part (">" part)*
    part        = (relation | "(" pattern ")") ["{" n ["," m] "}"]

A pattern becomes a nondeterministic automaton (Thompson 1968). Its repetitions are written out, as they are short.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.errors import BadInput
from schemas.relations import RELATIONS, Relation

LONGEST = 6
"""Maximum number of steps of a path."""
_MOST_PLACES = 1_000
_NESTED = 20
_TOKEN = re.compile(r"\s*(?:(?P<name>[^\W\d]\w*)|(?P<number>\d+)|(?P<sign>[|>(){},]))")
_ALLOWED = (
    "relations joined by > and |, with groups in ( ) and repetitions as {n} or {n,m}: xEffect>xReact, "
    "(xWant|xEffect){1,3}"
)

State = frozenset[int]


@dataclass(slots=True)
class Pattern:
    """The automaton of a pattern.

    first, last: its places.
    edges: the relation of a place, and the place after it.
    empty: places that a place leads to without a relation.
    """

    first: int
    last: int
    edges: dict[int, tuple[Relation, int]]
    empty: dict[int, set[int]]
    start: State = field(init=False)
    relations: tuple[Relation, ...] = field(init=False)
    """All of its relations."""
    _next: dict[tuple[State, Relation], State] = field(default_factory=dict[tuple[State, Relation], State])

    def __post_init__(self) -> None:
        self.start = self._closed([self.first])
        names = {name for name, _ in self.edges.values()}
        self.relations = tuple(name for name in RELATIONS if name in names)

    def after(self, state: State, relation: Relation) -> State:
        """The state after a relation. Empty: it does not fit."""
        key = (state, relation)
        if key not in self._next:
            edges = (self.edges[one] for one in state if one in self.edges)
            self._next[key] = self._closed([place for name, place in edges if name is relation])
        return self._next[key]

    def accepts(self, state: State) -> bool:
        """True if a path may end here."""
        return self.last in state

    def goes_on(self, state: State) -> bool:
        """True if a path may go on from here."""
        return not self.edges.keys().isdisjoint(state)

    def relations_from(self, state: State) -> tuple[Relation, ...]:
        """The relations that fit next."""
        return tuple(relation for relation in self.relations if self.after(state, relation))

    def _closed(self, places: list[int]) -> State:
        found, new = set[int](), places
        while new:
            place = new.pop()
            if place not in found:
                found.add(place)
                new += self.empty.get(place, ())
        return frozenset(found)


def any_of(relations: Iterable[Relation], longest: int) -> Pattern:
    """The pattern of paths of at most `longest` steps along some relations."""
    return parse(f"({'|'.join(relations)}){{1,{longest}}}")


def parse(text: str) -> Pattern:
    """The pattern of a text. Raises BadInput."""
    reader = _Reader(text, _tokens(text))
    first, last = reader.alternatives(0)
    if not reader.is_done:
        raise reader.error("its end")
    return Pattern(first, last, reader.edges, reader.empty)


def _tokens(text: str) -> list[tuple[int, str]]:
    found, position = list[tuple[int, str]](), 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise _bad(text, position, f"{text[position:].strip()[0]!r} has no meaning")
        assert match.lastgroup is not None
        found.append((match.start(match.lastgroup), match[match.lastgroup]))
        position = match.end()
    return found


def _bad(text: str, position: int, problem: str) -> BadInput:
    return BadInput.of("pattern", text, _ALLOWED, f"pattern: {problem} (character {position + 1}); allowed: {_ALLOWED}")


class _Reader:
    """Reads tokens into an automaton. Each method returns the first and the last place of its part."""

    def __init__(self, text: str, tokens: list[tuple[int, str]]) -> None:
        self.edges: dict[int, tuple[Relation, int]] = {}
        self.empty: dict[int, set[int]] = {}
        self._text = text
        self._tokens = tokens
        self._at = 0
        self._places = 0

    @property
    def is_done(self) -> bool:
        return self._at == len(self._tokens)

    def error(self, wanted: str) -> BadInput:
        position, found = self._tokens[self._at] if not self.is_done else (len(self._text), "")
        return _bad(self._text, position, f"{wanted} is expected" + (f", not {found!r}" if found else ""))

    def alternatives(self, depth: int) -> tuple[int, int]:
        start, end = self._place(), self._place()
        while True:
            first, last = self._sequence(depth)
            self._join(start, first)
            self._join(last, end)
            if not self._take("|"):
                return start, end

    def _sequence(self, depth: int) -> tuple[int, int]:
        first, last = self._part(depth)
        while self._take(">"):
            following, end = self._part(depth)
            self._join(last, following)
            last = end
        return first, last

    def _part(self, depth: int) -> tuple[int, int]:
        begin = self._at
        start, end = self._once(depth)
        if not self._take("{"):
            return start, end
        least = most = self._number()
        if self._take(","):
            most = self._number()
        if not self._take("}"):
            raise self.error("a }")
        if not 1 <= least <= most <= LONGEST:
            raise _bad(self._text, self._tokens[begin][0], f"a repetition is outside 1 to {LONGEST}")
        after = self._at
        exits = [end] if least == 1 else []
        for n in range(2, most + 1):
            self._at = begin
            following, last = self._once(depth)
            self._join(end, following)
            end = last
            if n >= least:
                exits.append(end)
        self._at = after
        final = self._place()
        for one in exits:
            self._join(one, final)
        return start, final

    def _once(self, depth: int) -> tuple[int, int]:
        if self._take("("):
            if depth >= _NESTED:
                raise _bad(self._text, self._tokens[self._at - 1][0], f"more than {_NESTED} brackets in one another")
            found = self.alternatives(depth + 1)
            if not self._take(")"):
                raise self.error("a )")
            return found
        if self.is_done or self._tokens[self._at][1] not in RELATIONS:
            raise self.error(f"a relation ({', '.join(RELATIONS)})")
        relation = Relation(self._tokens[self._at][1])
        self._at += 1
        start, end = self._place(), self._place()
        self.edges[start] = (relation, end)
        return start, end

    def _number(self) -> int:
        if self.is_done or not self._tokens[self._at][1].isdecimal():
            raise self.error("a number")
        self._at += 1
        return int(self._tokens[self._at - 1][1][:3])

    def _take(self, sign: str) -> bool:
        if self.is_done or self._tokens[self._at][1] != sign:
            return False
        self._at += 1
        return True

    def _join(self, one: int, other: int) -> None:
        self.empty.setdefault(one, set()).add(other)

    def _place(self) -> int:
        if self._places >= _MOST_PLACES:
            raise _bad(self._text, 0, "its repetitions are too many")
        self._places += 1
        return self._places - 1
