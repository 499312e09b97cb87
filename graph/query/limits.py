"""The limits of a Cypher text beyond its grammar: what it may cost to plan, and how large one value may grow."""

from collections import Counter
from collections.abc import Mapping
from math import prod
from typing import Any, cast

from graph.query.structure import Clause, Frame, Structure
from graph.query.tokens import refuse

CLAUSES = 20
EDGES = 20
"""Edges in all patterns."""
OPERATORS = 200
"""Operators, dots and indexes in one clause."""
UNARY = 8
"""Operators one after the other."""
SUBQUERIES = 3
"""Subqueries in one another."""
SKIPPED = 10_000
NUMBERS = 10_000
"""Numbers of a `range`."""
STRING = 1_000
"""Characters of a string."""
GROWTH = 1_000_000
"""How often one text may be repeated inside one value."""
STEPS = 10**9
"""Steps of a search in one text. No time-out of a store stops it."""
_LIST = 100
"""How a list without a known size counts as growth."""
_PROJECTING = ("WITH", "UNWIND", "RETURN")
_REGEX_LIMIT = "at most 100 characters, 3 of * + {, no repeated group, no backreference"


def check_limits(found: Structure, parameters: Mapping[str, Any]) -> None:
    """Raises BadQuery for a text over one of the limits."""
    checks = _Checks(found, parameters)
    checks.counts()
    checks.iterations()
    checks.strings()
    checks.calls()
    checks.rows()
    checks.growth()


class _Checks:
    def __init__(self, found: Structure, parameters: Mapping[str, Any]) -> None:
        self.found = found
        self.words = found.words
        self.parameters = parameters
        self.opened = {frame.start: frame for frame in reversed(found.frames)}
        """The frame that a token opens."""
        self.power = 1
        """The steps of a search in a text are this power of its length."""

    def _refuse(self, at: int, message: str, allowed: str) -> None:
        token = self.words[at]
        refuse(self.found.text, token.start, token.text, message, allowed)

    def counts(self) -> None:
        """Clauses, edges, subqueries, and operators of each clause."""
        if len(self.found.clauses) > CLAUSES:
            self._refuse(self.found.clauses[CLAUSES].start, "the query has too many clauses", f"at most {CLAUSES}")
        edges, operators, unary, clauses = 0, 0, 0, {clause.start for clause in self.found.clauses}
        for n, token in enumerate(self.words):
            is_sign = self.found.roles[n] == "sign" and token.text not in ("(", ")", "[", "]", "{", "}", ",", ":")
            is_edge = token.text == "-" and n > 0 and self.words[n - 1].text == "-"
            edges += is_edge or (token.text == "[" and n > 0 and self.words[n - 1].text == "-")
            unary = unary + 1 if is_sign or token.word == "NOT" else 0
            operators = 0 if n in clauses else operators + (is_sign or token.word in _WORDS or token.text == "[")
            if edges > EDGES:
                self._refuse(n, "the patterns have too many edges", f"at most {EDGES}")
            if operators > OPERATORS:
                self._refuse(n, "the clause has too many operators", f"at most {OPERATORS}")
            if unary > UNARY:
                self._refuse(n, "too many operators follow each other", f"at most {UNARY}")
        for frame in self.found.frames:
            if frame.kind == "subquery" and sum(f.kind == "subquery" for f in frame.parents()) >= SUBQUERIES:
                self._refuse(frame.start, "subqueries are nested too deeply", f"at most {SUBQUERIES} in one another")

    def iterations(self) -> None:
        """No iteration inside another: a list of 1,000 costs a million steps, and no time-out stops them."""
        for frame in self.found.frames:
            if frame.is_iteration and any(outer.is_iteration for outer in frame.parents()):
                allowed = "one at a time: UNWIND the outer list"
                self._refuse(frame.start, "an iteration over a list stands inside another", allowed)

    def strings(self) -> None:
        """Strings, and regular expressions."""
        for n, token in enumerate(self.words):
            if token.kind == "string" and len(token.text) > STRING + 2:
                self._refuse(n, "the string is too long", f"at most {STRING:,} characters, or a parameter")
            if token.word == "CONTAINS" or (token.word == "SPLIT" and self.found.roles[n] == "function"):
                self.power = max(self.power, 2)
            if token.text == "~" and n > 0 and self.words[n - 1].text == "=":
                self._regex(n + 1)

    def _regex(self, at: int) -> None:
        pattern = self._value(at)
        if not isinstance(pattern, str) or self._goes_on(at + 1):
            self._refuse(min(at, len(self.words) - 1), "the regular expression is computed", "a string or a parameter")
        elif _is_costly(pattern):
            self._refuse(at, "the regular expression may take too long", _REGEX_LIMIT)
        else:
            self.power = max(self.power, _repetitions(pattern))

    def _goes_on(self, at: int) -> bool:
        return at < len(self.words) and self.words[at].text in ("+", "[", ".")

    def _value(self, at: int) -> Any:
        """The string, number or parameter at a token. None for anything else."""
        if at >= len(self.words):
            return None
        token = self.words[at]
        if token.kind == "string":
            return token.text[1:-1].replace("\\\\", "\\")
        if token.kind == "number" and token.text.isdigit():
            return int(token.text)
        if token.kind == "parameter":
            return self.parameters[token.text[1:]]
        return None

    def calls(self) -> None:
        """The arguments of range, regexp_matches and replace."""
        for frame in self.found.frames:
            if frame.kind != "call":
                continue
            if frame.name == "range":
                self._range(frame)
            elif frame.name == "regexp_matches":
                parts = self.found.parts(frame.start + 1, frame.end, frame)
                self._regex(parts[1][0] if len(parts) > 1 else frame.end)

    def _range(self, frame: Frame) -> None:
        """The arguments are integers, so that the size is known before."""
        numbers = [self._integer(part) for part in self.found.parts(frame.start + 1, frame.end, frame)]
        if len(numbers) not in (2, 3) or None in numbers:
            self._refuse(
                frame.start, "the size of a range is not known", "integers or parameters, such as range(1, 10)"
            )
        first, last, *step = (number or 0 for number in numbers)
        if step == [0] or abs(last - first) // abs(step[0] if step else 1) > NUMBERS:
            self._refuse(frame.start, "the range is too large", f"at most {NUMBERS:,} numbers")

    def _integer(self, part: range) -> int | None:
        """The integer of some tokens, with its sign. None for anything else."""
        is_negative = self.words[part[0]].text == "-"
        part = part[1:] if is_negative else part
        value = self._value(part[0]) if len(part) == 1 else None
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        return -value if is_negative else value

    def rows(self) -> None:
        """SKIP and LIMIT have an integer."""
        for clause in self.found.clauses:
            if clause.word in ("SKIP", "LIMIT"):
                part = range(clause.start + 1, self.found.end_of(clause))
                number = self._integer(part) if part else None
                if number is None or number < 0:
                    self._refuse(clause.start, f"{clause.word} has no integer", "an integer or a parameter")
                elif clause.word == "SKIP" and number > SKIPPED:
                    self._refuse(clause.start, "SKIP is too large", f"at most {SKIPPED:,}")

    def growth(self) -> None:
        """One value holds a text at most GROWTH times: no memory limit of a store counts doubled strings.

        A text that is searched grows less.
        """
        lengths = [len(token.text) for token in self.words if token.kind == "string"]
        growth = max([100, *lengths, *_lengths(self.parameters)]) // 100
        text = 100 * growth
        for clause in self.found.clauses:
            parts = self.found.parts(clause.start + 1, self.found.end_of(clause), clause.frame)
            here = growth * max((self._factor(part, clause) for part in parts), default=1)
            text_here = text * max(map(self._text_factor, parts), default=1)
            if here > GROWTH:
                self._refuse(clause.start, "a value may grow too large here", "fewer repetitions inside one value")
            if text_here**self.power > STEPS:
                allowed = "shorter texts, or fewer * + { of a regular expression"
                self._refuse(clause.start, "a search in a text may take too long here", allowed)
            if clause.word in _PROJECTING:
                growth, text = here, text_here

    def _text_factor(self, part: range) -> int:
        """By which an expression may lengthen one text: lists do not."""
        if not any(self.words[n].text == "+" or self.words[n].word == "REPLACE" for n in part):
            return 1
        names = Counter(self.words[n].text for n in part if self.found.roles[n] == "variable")
        frames = (self.opened[n] for n in part if n in self.opened)
        return max([1, *names.values()]) * prod(self._replaced(frame) for frame in frames if frame.name == "replace")

    def _factor(self, part: range, clause: Clause) -> int:
        """By which an expression may multiply the size of its variables."""
        names = Counter(self.words[n].text for n in part if self.found.roles[n] == "variable")
        factor = max([1, *names.values()])
        for n in part:
            if (frame := self.opened.get(n)) is None:
                continue
            if frame.is_iteration or frame.name == "collect" or frame.name == "COLLECT":
                factor *= _LIST
            elif frame.name == "range":
                numbers = [self._integer(one) or 0 for one in self.found.parts(frame.start + 1, frame.end, frame)]
                factor *= max(1, abs(numbers[1] - numbers[0]) // 10) if clause.word != "UNWIND" else 1
            elif frame.name == "replace":
                factor *= self._replaced(frame)
        return factor

    def _replaced(self, frame: Frame) -> int:
        """By which a replacement may lengthen a text."""
        parts = self.found.parts(frame.start + 1, frame.end, frame)
        old, new = (self._value(part[0]) if len(part) == 1 else None for part in [*parts, *[range(0)] * 3][1:3])
        if not isinstance(old, str) or not isinstance(new, str):
            self._refuse(frame.start, "the replaced texts are computed", "strings or parameters")
            return 1
        return max(1, -(-len(new) // max(1, len(old))))


_WORDS = ("AND", "OR", "XOR", "NOT", "IN", "IS", "CONTAINS", "STARTS", "ENDS", "WHEN")


def _lengths(value: Any) -> list[int]:
    """The lengths of all texts in a parameter."""
    if isinstance(value, str):
        return [len(value)]
    if isinstance(value, Mapping):
        return [n for one in cast(Mapping[str, Any], value).values() for n in _lengths(one)]
    return [n for one in cast(list[Any], value) for n in _lengths(one)] if isinstance(value, list) else []


def _is_costly(pattern: str) -> bool:
    """True for a regular expression that may take exponential time, or a high power of the text's length."""
    groups = any(f"){sign}" in pattern for sign in "*+{?")
    return (
        len(pattern) > 100
        or _repetitions(pattern) > 3
        or groups
        or any(f"\\{digit}" in pattern for digit in "123456789k")
    )


def _repetitions(pattern: str) -> int:
    return sum(pattern.count(sign) for sign in "*+{")
