"""The structure of a Cypher text: its brackets, its clauses, and the role of each token."""

from dataclasses import dataclass, field
from typing import Literal

from graph.query.tokens import Token

Role = Literal["clause", "keyword", "function", "variable", "alias", "label", "property", "literal", "star", "sign"]
FrameKind = Literal["text", "subquery", "call", "group", "labels", "list", "index", "edge", "map"]


@dataclass(slots=True, eq=False)
class Frame:
    """A pair of brackets, or the whole text. start and end: numbers of its bracket tokens."""

    kind: FrameKind
    start: int
    parent: "Frame | None" = None
    name: str = ""
    """The function of a call, or the keyword of a subquery."""
    in_pattern: bool = False
    """The tokens that come are a pattern of MATCH."""
    is_iteration: bool = False
    """Its content is computed for each element of a list, or each match of a pattern."""
    cases: int = 0
    """Open CASE expressions."""
    depth: int = 0
    """Number of brackets around its content."""
    end: int = -1

    @property
    def has_clauses(self) -> bool:
        """True for the whole text and for subqueries."""
        return self.kind in ("text", "subquery")

    def parents(self) -> "list[Frame]":
        """The frames around this one, from inside to outside."""
        return [] if self.parent is None else [self.parent, *self.parent.parents()]


@dataclass(frozen=True, slots=True, eq=False)
class Clause:
    """A clause. start: number of its first token."""

    word: str
    start: int
    frame: Frame


@dataclass(slots=True)
class Structure:
    """A text without blanks and comments, taken apart."""

    text: str
    words: list[Token]
    roles: list[Role] = field(default_factory=list[Role])
    frames: list[Frame] = field(default_factory=list[Frame])
    """All frames, the whole text first."""
    frame_of: list[Frame] = field(default_factory=list[Frame])
    """The innermost frame of each token. A bracket belongs to the frame around it."""
    clauses: list[Clause] = field(default_factory=list[Clause])

    def end_of(self, clause: Clause) -> int:
        """Number of the token after a clause, in the same frame."""
        following = [one.start for one in self.clauses if one.frame is clause.frame and one.start > clause.start]
        if following:
            return following[0]
        return clause.frame.end if clause.frame.end >= 0 else len(self.words)

    def parts(self, start: int, end: int, frame: Frame) -> list[range]:
        """The token numbers between the commas of a frame."""
        cuts = [n for n in range(start, end) if self.words[n].text == "," and self.frame_of[n] is frame]
        return [range(a, b) for a, b in zip([start, *(cut + 1 for cut in cuts)], [*cuts, end], strict=True) if b > a]

    def source(self, part: range) -> str:
        """The text of some tokens, as it was written."""
        last = self.words[part[-1]]
        return self.text[self.words[part[0]].start : last.start + len(last.text)]
