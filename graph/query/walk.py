"""A walk over the tokens of a Cypher text: the place, the open brackets, and what may come next."""

from typing import Literal, NoReturn

from graph.query.functions import PROCEDURES, Functions
from graph.query.structure import Frame, FrameKind, Role, Structure
from graph.query.tokens import Token, refuse

HOPS = 6
"""Edges of a path of variable length."""
DEPTH = 30
"""Brackets in brackets, and CASE in CASE."""
ALLOWED_CLAUSES = "MATCH, OPTIONAL MATCH, WHERE, WITH, UNWIND, RETURN, ORDER BY, SKIP, LIMIT, UNION"
BOUND = f"at most {HOPS} edges, such as *1..3 or {{1,3}}"
CLOSING = {")": ("call", "group", "labels"), "]": ("list", "index", "edge"), "}": ("map", "subquery")}
_MODES = ("SHORTEST", "TRAIL", "ACYCLIC", "WALK")
Expected = Literal["clause", "operand", "operator", "label", "key"]
EXPECTED: dict[str, str] = {
    "clause": ALLOWED_CLAUSES,
    "operand": "a name, a value or an expression",
    "operator": f"an operator, or a clause: {ALLOWED_CLAUSES}",
    "label": "a label or an edge type",
    "key": "a property name",
}
_NOTHING = Token("blank", "", -1)


class Walk:
    """The state of a walk. Every step takes tokens, or refuses them."""

    def __init__(self, found: Structure, functions: Functions) -> None:
        self.found = found
        self.words = found.words
        self.functions = functions
        self.frame = Frame("text", -1)
        found.frames.append(self.frame)
        self.expected: Expected = "clause"
        self.at: int = 0

    def take(self, role: Role, expected: Expected, number: int = 1) -> None:
        """Accept the next tokens."""
        for _ in range(number):
            self.found.roles.append(role)
            self.found.frame_of.append(self.frame)
        self.at += number
        self.expected = expected

    def token(self, offset: int) -> Token:
        """The token here (0), or one before or after it."""
        return self.words[self.at + offset] if 0 <= self.at + offset < len(self.words) else _NOTHING

    def before(self) -> Token:
        """The last accepted token."""
        return self.token(-1)

    def role_before(self) -> Role:
        """Its role."""
        return self.found.roles[-1] if self.found.roles else "sign"

    def refuse(self, message: str, allowed: str = "") -> NoReturn:
        """Raises BadQuery for the token here."""
        token = self.token(0)
        refuse(self.found.text, token.start, token.text, message, allowed or EXPECTED[self.expected])

    def open(self, kind: FrameKind, expected: Expected, name: str = "") -> None:
        """Accept an opening bracket."""
        outer = self.frame
        self.check_depth(outer.depth + outer.cases + 1)
        self.take("sign", expected)
        self.frame = Frame(kind, self.at - 1, outer, name, kind == "group" and outer.in_pattern)
        self.frame.depth = outer.depth + outer.cases + 1
        self.found.frames.append(self.frame)

    def check_depth(self, depth: int) -> None:
        """Raises BadQuery for brackets in too many others."""
        if depth > DEPTH:
            self.refuse("brackets are nested too deeply", f"at most {DEPTH} in one another")

    def close(self) -> None:
        """Accept a closing bracket."""
        frame, sign, before = self.frame, self.token(0).text, self.before().text
        if frame.parent is None or frame.kind not in CLOSING.get(sign, ()):
            self.refuse("a bracket closes nothing, or another one")
        is_empty = frame.start == self.at - 1 and frame.kind != "subquery"
        if frame.cases or (self.expected not in ("operator", "clause") and not is_empty and before != ".."):
            self.refuse("a bracket closes too early")
        if frame.kind == "subquery" and self.expected == "clause" and before == "{":
            self.refuse("a subquery is empty")
        frame.end = self.at
        self.frame = frame.parent
        is_call = frame.name == "CALL" or frame.name in PROCEDURES["neo4j"]
        self.take("sign", "clause" if is_call else "operator")

    def quantifier(self, expected: Expected) -> None:
        """{n}, {n,m} or {,m}: the least and the largest number of edges."""
        end = self.at + 1
        while end < len(self.words) and (self.words[end].kind == "number" or self.words[end].text == ","):
            end += 1
        last = self.words[end - 1]
        if end >= len(self.words) or self.words[end].text != "}" or not is_bound(last):
            self.refuse("a path has no longest length, or too large a one", BOUND)
        self.take("literal", expected, end + 1 - self.at)

    def variable_length(self) -> None:
        """The star of an edge, its mode, and its bounds."""
        end = self.at + 1
        if self.token(end - self.at).word == "ALL" and self.token(end + 1 - self.at).word == "SHORTEST":
            end += 1
        if self.token(end - self.at).word in _MODES:
            end += 1
        bounds = end
        while end < len(self.words) and (self.words[end].kind == "number" or self.words[end].text == ".."):
            end += 1
        if end == bounds or not is_bound(self.words[end - 1]):
            self.refuse("a path has no longest length, or too large a one", BOUND)
        self.take("literal", "operator", end - self.at)

    def opens_group(self) -> bool:
        """A node, a part of a path, or brackets in an expression."""
        match self.expected:
            case "operand":
                return True
            case "operator":
                return self.frame.in_pattern or self.frame.kind == "edge"
            case _:
                return self.expected == "clause" and self._is_subpattern()

    def _is_subpattern(self) -> bool:
        """EXISTS { (a)-->(b) }, without MATCH."""
        if self.frame.kind != "subquery" or self.before().text != "{" or self.frame.name not in ("EXISTS", "COUNT"):
            return False
        self.frame.in_pattern = True
        return True

    def ends_pattern(self) -> bool:
        """A sign here is a quantifier: it stands behind a node or an edge of a pattern."""
        before = self.before().text
        if before in (">", "-"):
            return self.token(1).text == "("
        return before == ")" and self.frame.in_pattern

    def is_label_sign(self, sign: str) -> bool:
        """A sign before a label: ":" at its beginning, "|" and "&" between two, "!" before one."""
        before, is_label = self.before().text, self.expected == "label"
        if sign == ":":
            is_first = self.frame.start == self.at - 1 and self.frame.kind in ("group", "edge")
            return self.expected == "operator" or is_first or (is_label and before == "|")
        if sign == "!":
            return is_label
        has_label = self.role_before() == "label" or self.frame.kind == "labels"
        return sign in "|&" and self.expected == "operator" and has_label


def is_bound(token: Token) -> bool:
    """True for a number of edges that a path may have."""
    return token.kind == "number" and token.text.isdigit() and int(token.text) <= HOPS
