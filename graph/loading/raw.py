"""Rows as a file gives them, before any check."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from schemas.triples import RECALLS

NO_RECALLS: tuple[None, ...] = (None,) * len(RECALLS)


class RowRejected(Exception):
    """The reason why a row is no triple."""


@dataclass(frozen=True, slots=True)
class UnreadableCell:
    """The tail of a row with an unreadable cell: it rejects this row and leaves the others of its line."""

    reason: str


class Raw(NamedTuple):
    """An unchecked row. `provenance` is (split, valid, (rec_0.5 … rec_0.9), origins, critic)."""

    head: Any
    relation: Any
    tail: Any
    p_valid: Any
    provenance: tuple[Any, Any, tuple[Any, ...], Any, Any]


Parse = Callable[[bytes], Sequence[Raw]]
"""The rows of one line. Raises RowRejected."""


@dataclass(frozen=True, slots=True)
class FirstLine:
    """The first line with a text, and its number."""

    number: int
    line: bytes


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read a file.

    parse: the rows of a line.
    start: number of the first line after the header.
    is_record: the test of joined lines, None if no record has line breaks.
    """

    parse: Parse
    start: int = 1
    is_record: Callable[[bytes], bool] | None = None


def text_of(line: bytes) -> str:
    """A line as text. Raises RowRejected for bad UTF-8."""
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise RowRejected(f"bad UTF-8 at byte {error.start}") from None


def quote(value: Any) -> str:
    """A value as a message quotes it, at most 80 characters."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # deep nesting, or an integer of thousands of digits
        text = f"a {type(value).__name__} too large to show"
    return text if len(text) <= 80 else text[:77] + "..."
