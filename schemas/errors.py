"""The errors of cometgraph.

CometgraphError
├── BadInput              a wrong value: its field, the value, the allowed values
│   ├── BadFile           an unreadable or damaged file
│   └── BadQuery          Cypher that is refused; has its line and column
├── TooLarge              a request body over the limit
├── NotAllowed
│   ├── KeyMissing        no API key, or an unknown one
│   ├── ScopeMissing      an API key without the scope of the request
│   ├── ForeignOrigin     a page of another origin that uses the student or keeps answers
│   └── UnknownHost       a Host header outside the allowed hosts
├── NotFound
│   ├── EventNotFound     an event outside the graph
│   ├── PageNotFound      a cursor of another search
│   ├── NoStudent         a question for the student, in a service without one
│   ├── NoMatching        a question for near-duplicates, in a service without matching
│   └── NoCypher          a Cypher query, in a service without Cypher
├── TooManyRequests       over the rate limit of the key; has the seconds to wait
├── Overloaded            a full queue before a model, or no free slot; has the seconds to wait
├── QueryEnded            a Cypher query over its time or memory
└── Unavailable           a part of the service does not answer now
    ├── StoreUnavailable  the graph store
    └── StoreLocked       another process writes to the embedded store
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

from schemas.openapi import ATTRIBUTE_DOCSTRINGS


@dataclass(frozen=True, slots=True)
class FieldError:
    """A field with a wrong value."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    field: str
    """Name of the field."""
    value: Any
    """The value as it came."""
    allowed: str
    """The allowed values, in words."""
    message: str = ""
    """The error as one sentence. By default "field: 'value' is not allowed"."""

    def __post_init__(self) -> None:
        if not self.message:
            object.__setattr__(self, "message", _sentence(self))


class CometgraphError(Exception):
    """An unexpected error inside cometgraph, and the base class of all others.

    `str(error)` describes the single case.
    """

    title: ClassVar[str] = "Internal error"
    """Short phrase for the class of error."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without the constructor: it takes other arguments than `Exception` stores."""
        return _restore, (type(self), self.args, self.__dict__)

    @property
    def extra(self) -> dict[str, Any]:
        """Further members of the problem document."""
        return {}

    @property
    def retry_after(self) -> int | None:
        """Seconds until the same request may succeed. None if unknown."""
        return None


def _restore(kind: type["CometgraphError"], args: tuple[Any, ...], attributes: dict[str, Any]) -> "CometgraphError":
    error = kind.__new__(kind, *args)
    error.__dict__ |= attributes
    return error


class BadInput(CometgraphError):
    """One or more fields have a wrong value."""

    title = "Invalid input"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = list(errors)
        super().__init__("; ".join(error.message for error in errors))

    @classmethod
    def of(cls, field: str, value: Any, allowed: str, message: str = "") -> "BadInput":
        return cls([FieldError(field, value, allowed, message)])

    @property
    def extra(self) -> dict[str, Any]:
        return {"errors": [asdict(replace(error, value=_bounded(error.value))) for error in self.errors]}


class BadFile(BadInput):
    """A file is missing, damaged or of an unknown format. Nothing of it was stored."""

    title = "Unreadable file"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__([FieldError("file", path, reason, f"{path}: {reason}")])


class BadQuery(BadInput):
    """The Cypher query is refused. `errors` has the line and the column."""

    title = "Refused query"

    def __init__(self, value: str, message: str, allowed: str, line: int, column: int) -> None:
        where = f"line {line}, column {column}"
        sentence = f"query: {message} ({where}" + (f": {_short(value)}" if value else "") + f"); allowed: {allowed}"
        super().__init__([FieldError("query", value or None, allowed, sentence)])
        self.reason = message
        self.line = line
        self.column = column

    @property
    def extra(self) -> dict[str, Any]:
        [error] = super().extra["errors"]
        return {"errors": [error | {"line": self.line, "column": self.column}]}


class TooLarge(CometgraphError):
    """The request body is over the limit."""

    title = "Request too large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"the request body is over the limit of {limit} bytes")
        self.limit = limit

    @property
    def extra(self) -> dict[str, Any]:
        return {"limit_bytes": self.limit}


class NotAllowed(CometgraphError):
    """The caller lacks the permission for this request."""

    title = "Not allowed"


class KeyMissing(NotAllowed):
    """The request has no API key, or an unknown one."""

    title = "API key required"

    def __init__(self) -> None:
        super().__init__("send a valid key as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'")


class ScopeMissing(NotAllowed):
    """The API key is valid but lacks a scope."""

    title = "Scope missing"

    def __init__(self, scope: str) -> None:
        super().__init__(f"this key lacks the scope '{scope}'")


class ForeignOrigin(NotAllowed):
    """A page of another origin asks for the student, or wants an answer kept."""

    title = "Foreign origin"

    def __init__(self, feature: str) -> None:
        super().__init__(
            f"a page of another origin may not ask for {feature}: it gets stored answers only, "
            "unless the setting allowed_hosts names its host"
        )


class UnknownHost(NotAllowed):
    """The Host header is missing, or outside the allowed hosts."""

    title = "Unknown host"

    def __init__(self, host: str) -> None:
        subject = f"the Host {_short(host)}" if host else "an empty or missing Host"
        super().__init__(
            f"{subject} is none of this service's names; the setting allowed_hosts (--allowed-hosts) adds names"
        )


class NotFound(CometgraphError):
    """The request names something that does not exist."""

    title = "Not found"


class EventNotFound(NotFound):
    """The graph does not know the event. `nearest` lists known events with some of its words."""

    title = "Unknown event"

    def __init__(self, event: str, nearest: Sequence[str] = ()) -> None:
        hint = "; known ones that share its words: " + ", ".join(map(_short, nearest)) if nearest else ""
        super().__init__(f"the graph does not know the event {_short(event)}{hint}")
        self.event = event
        self.nearest = list(nearest)

    @property
    def extra(self) -> dict[str, Any]:
        return {"event": self.event, "nearest": self.nearest}


class PageNotFound(NotFound):
    """The cursor belongs to another search."""

    title = "Unknown cursor"

    def __init__(self, cursor: str) -> None:
        super().__init__(
            f"{_short(cursor)} is no cursor of this search: send the cursor of the page before, with the same search"
        )


class NoStudent(NotFound):
    """The question needs a student, and this service runs without one."""

    title = "No student here"

    def __init__(self) -> None:
        super().__init__("this service runs without a student (--no-generate)")


class NoMatching(NotFound):
    """The question needs near-duplicates, and this service runs without matching."""

    title = "No matching here"

    def __init__(self) -> None:
        super().__init__("this service runs without matching (--no-match)")


class NoCypher(NotFound):
    """The request is a Cypher query, and this service takes none."""

    title = "No Cypher here"

    def __init__(self) -> None:
        super().__init__("this service takes no Cypher (--no-cypher)")


class TooManyRequests(CometgraphError):
    """The rate limit of the API key is used up."""

    title = "Too many requests"

    def __init__(self, limit: str, retry_after: int) -> None:
        super().__init__(f"the rate limit of {limit} is used up; try again in {retry_after} s")
        self._retry_after = retry_after

    @property
    def retry_after(self) -> int:
        return self._retry_after


class Overloaded(CometgraphError):
    """The queue before a model is full, or no slot for a query is free."""

    title = "Too busy"

    def __init__(self, reason: str, retry_after: int) -> None:
        super().__init__(f"{reason}; try again in {retry_after} s")
        self._retry_after = retry_after

    @property
    def retry_after(self) -> int:
        return self._retry_after


class QueryEnded(CometgraphError):
    """The Cypher query ran out of time or memory."""

    title = "Query ended"


class Unavailable(CometgraphError):
    """A part of the service does not answer now."""

    title = "Unavailable"

    def __init__(self, reason: str, retry_after: int | None = 2) -> None:
        """retry_after: seconds until the same request may succeed. None if only a repair can help."""
        super().__init__(reason)
        self._retry_after = retry_after

    @property
    def retry_after(self) -> int | None:
        return self._retry_after


class StoreUnavailable(Unavailable):
    """The graph store does not answer."""

    title = "Graph store unavailable"


class StoreLocked(Unavailable):
    """Another process has the embedded store open for writing."""

    title = "Graph store in use"


def _bounded(value: Any) -> Any:
    """A small JSON value unchanged, any other as text of at most 200 characters: a problem document stays small."""
    if isinstance(value, str | bytes):
        return _clean(value)[:200]
    if value is None or isinstance(value, bool) or (isinstance(value, int | float) and abs(value) < 2**53):
        return value
    return _clean(_text(value))[:200]


def _text(value: Any) -> str:
    try:
        return str(value)
    except (RecursionError, ValueError):  # deep nesting, or an integer of thousands of digits
        return f"a {type(value).__name__} too large to show"


def _sentence(error: FieldError) -> str:
    if error.value is None:
        return f"{error.field}: {error.allowed}"
    return f"{error.field}: {_short(error.value)} is not {error.allowed}"


def _short(value: Any) -> str:
    text = _clean(value) if isinstance(value, str | bytes) else _text(value)
    return repr(text if len(text) <= 80 else text[:77] + "...")


def _clean(value: str | bytes) -> str:
    """The text with U+FFFD in place of everything outside UTF-8."""
    raw = value if isinstance(value, bytes) else value.encode("utf-8", "replace")
    return raw.decode("utf-8", "replace")
