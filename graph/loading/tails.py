"""The text of a tail, and the many spellings of no tail.

Annotators write "none" if the relation does not apply to the event. Quotes, brackets and end marks around it come from
exports. `nan`, `null` and signs alone are empty cells, printed by a program. They do not mean "does not apply", so
their rows are rejected like those with an empty tail.
"""

import re

from graph.loading.raw import RowRejected, quote
from schemas.events import MAX_TAIL, has_letter, tidy
from schemas.triples import NONE, says_none

_SIGNS = re.compile(r"^[\W_]+|[\W_]+$")
_MISSING = frozenset({"nan", "null", "<na>"})
_NONE = re.compile(r"n\W*a|none(?:[\W_]+none)*", re.IGNORECASE)
_LONGEST_MARK = 40
"""Longest text that may stand for nothing, in characters."""


def tail_of(text: str) -> str:
    """The tail as the graph keeps it: tidied, `none` for every spelling of none. Raises RowRejected."""
    tail = tidy(text)
    if not tail:
        raise RowRejected("tail: empty")
    if len(tail) > MAX_TAIL:
        raise RowRejected(f"tail: {len(tail)} characters, at most {MAX_TAIL} are allowed")
    if is_missing(tail):
        raise RowRejected(f"tail: {quote(tail)} stands for an empty cell")
    if is_none(tail):
        return NONE
    if not has_letter(tail):
        raise RowRejected(f"tail: {quote(tail)} has no letter or digit")
    return tail


def is_none(text: str) -> bool:
    """True for none, NONE, n/a, N.A., na, also repeated, within quotes or brackets, or with any end mark."""
    if not _may_be_nothing(text):
        return False
    words = _SIGNS.sub("", text)
    return says_none(words) or _NONE.fullmatch(words) is not None


def is_missing(text: str) -> bool:
    """True for an empty value as programs print it: nan, NaN, null, <NA>, also within quotes or brackets."""
    if not _may_be_nothing(text):
        return False
    value = text.strip().casefold()
    return value in _MISSING or _SIGNS.sub("", value) in _MISSING


def _may_be_nothing(text: str) -> bool:
    """False for most texts, and fast: every spelling of nothing is short and begins with n or a sign."""
    return len(text) <= _LONGEST_MARK and (text[:1] in "nN" or not text[:1].isalnum())
