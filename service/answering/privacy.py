"""Permission to keep an answer, and questions without a trace.

Without a trace means: not in the graph or its indexes, not in memory after the answer, not in the log.
"""

from urllib.parse import parse_qsl

from pydantic import TypeAdapter, ValidationError

from schemas.errors import BadInput, ForeignOrigin
from schemas.infer import Question
from service.answering.caller import Caller

_BOOL = TypeAdapter(bool)


def check_keep(question: Question, caller: Caller, *, keeps: bool) -> None:
    """Raises BadInput, ScopeMissing or ForeignOrigin for a `keep=true` that cannot be granted."""
    if question.keep is not True:
        return
    if not keeps:
        message = "keep: this service keeps nothing (--no-keep); send false, or leave it out"
        raise BadInput.of("keep", True, "false, or left out", message)
    caller.need("write")
    if caller.foreign:
        raise ForeignOrigin("keep")


def is_kept(question: Question, caller: Caller, *, keeps: bool) -> bool:
    """True if a generated answer is to be stored. keeps: the setting."""
    return keeps and question.keep is not False and caller.may_keep


def is_private(question: Question, *, keeps: bool) -> bool:
    """True if no trace of the question may stay."""
    return not keeps or question.keep is False


def has_private_keep(query: bytes) -> bool:
    """True for a query string with a `keep` that is not plainly true.

    The log needs this before the question is parsed, and for refused requests too. A misspelt `keep=false` is meant to
    be private as well.
    """
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return any(name.strip().lower() == "keep" and not _is_true(value) for name, value in pairs)


def _is_true(value: str) -> bool:
    try:
        return _BOOL.validate_python(value)
    except ValidationError:
        return False
