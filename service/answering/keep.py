"""What of a question may be kept: an answer only where service, question and caller allow it, and else no trace of it.

Without a trace means: not in the graph and its indexes, not in what is remembered in memory, and not in the log.
"""

from urllib.parse import parse_qsl

from pydantic import TypeAdapter, ValidationError

from schemas.errors import BadInput, ForeignOrigin
from schemas.infer import Question
from service.answering.caller import Caller

_BOOL = TypeAdapter(bool)


def check_keep(question: Question, caller: Caller, *, keeps: bool) -> None:
    """Raises BadInput, ScopeMissing, ForeignOrigin where a question wants its answer kept and cannot have that."""
    if question.keep is not True:
        return
    if not keeps:
        raise BadInput.of("keep", True, "false, or left out: this service keeps nothing (--no-keep)")
    caller.need("write")
    if caller.foreign:
        raise ForeignOrigin("keep")


def is_kept(question: Question, caller: Caller, *, keeps: bool) -> bool:
    """True where the answer is to be kept. `keeps` is the setting."""
    return keeps and question.keep is not False and caller.may_keep


def is_private(question: Question, *, keeps: bool) -> bool:
    """True where no trace of the question may stay."""
    return not keeps or question.keep is False


def says_not_to_keep(query: bytes) -> bool:
    """True for a query string with a `keep` that is not plainly true.

    It is asked before the question is parsed, and also of requests that are refused then: who misspells `keep=false`
    does not mean to be logged.
    """
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return any(name.strip().lower() == "keep" and not _is_true(value) for name, value in pairs)


def _is_true(value: str) -> bool:
    try:
        return _BOOL.validate_python(value)
    except ValidationError:
        return False
