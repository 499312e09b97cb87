"""Every error that cometgraph raises on purpose.

CometgraphError
├── BadInput              a value that the caller can mend: field, value, what is allowed
│   ├── BadFile           a file that cannot be read as what it was said to be
│   └── TooLarge          a request body over the limit
├── NotAllowed
│   ├── KeyMissing        no API key, or one that nobody issued
│   ├── ScopeMissing      a key without the scope that the request asks for
│   ├── ForeignOrigin     a page of another origin that asks for the student, or to keep
│   └── UnknownHost       a Host header that names no host of this service
├── NotFound
│   ├── EventNotFound     an event that the graph does not know
│   ├── PageNotFound      a cursor that this search did not give
│   ├── NoStudent         what only a student can answer, where none runs
│   └── NoMatching        what needs near-duplicates, where none are looked for
├── TooManyRequests       over the key's rate; carries when to come back
├── Overloaded            more questions for the model than may wait; carries when to come back
└── Unavailable           a part that is needed does not answer now
    ├── StoreUnavailable  the graph store
    └── StoreLocked       another process writes to the embedded store
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that was wrong: its name, the value that came, what is allowed."""

    field: str
    value: Any
    allowed: str


class CometgraphError(Exception):
    """Root of all our errors.

    `title` is a short phrase for the kind; `str(error)` says what happened this time;
    `extra` are the further members that a problem document shows.
    """

    title: ClassVar[str] = "Internal error"

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors travel between processes. Their constructors take other arguments than `Exception` keeps."""
        return _restore, (type(self), self.args, self.__dict__)

    @property
    def extra(self) -> dict[str, Any]:
        return {}

    @property
    def retry_after(self) -> int | None:
        """Seconds until the same request may succeed, where that is known."""
        return None


def _restore(kind: type["CometgraphError"], args: tuple[Any, ...], attributes: dict[str, Any]) -> "CometgraphError":
    error = kind.__new__(kind, *args)
    error.__dict__ |= attributes
    return error


class BadInput(CometgraphError):
    """One or more fields have a value that is not allowed."""

    title = "Invalid input"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = list(errors)
        super().__init__("; ".join(map(_sentence, errors)))

    @classmethod
    def of(cls, field: str, value: Any, allowed: str) -> "BadInput":
        return cls([FieldError(field, value, allowed)])

    @property
    def extra(self) -> dict[str, Any]:
        return {"errors": [{"field": e.field, "value": _bounded(e.value), "allowed": e.allowed} for e in self.errors]}


class BadFile(BadInput):
    """A file that cannot be read as triples; nothing of it was stored."""

    title = "Unreadable file"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__([FieldError("file", path, reason)])
        self.args = (f"{path}: {reason}",)


class TooLarge(CometgraphError):
    """A request body over the limit."""

    title = "Request too large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"the request body is over the limit of {limit} bytes")
        self.limit = limit

    @property
    def extra(self) -> dict[str, Any]:
        return {"limit_bytes": self.limit}


class NotAllowed(CometgraphError):
    """The caller may not do this."""

    title = "Not allowed"


class KeyMissing(NotAllowed):
    """No API key came with the request, or one that is not known."""

    title = "API key required"

    def __init__(self) -> None:
        super().__init__("send a known key as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'")


class ScopeMissing(NotAllowed):
    """The key is known, but lacks the scope."""

    title = "Scope missing"

    def __init__(self, scope: str) -> None:
        super().__init__(f"this key does not have the scope '{scope}'")


class ForeignOrigin(NotAllowed):
    """A page of another origin asks for what only this service's own pages and programs may ask for."""

    title = "Foreign origin"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"a page of another origin may not ask for {what}: it has what is stored alone, "
            "unless the setting allowed_hosts names its host"
        )


class UnknownHost(NotAllowed):
    """The Host header names no host that this service answers to."""

    title = "Unknown host"

    def __init__(self, host: str) -> None:
        said = f"the Host {_short(host)} is none" if host else "no Host came, which is none"
        super().__init__(f"{said} of this service's names; the setting allowed_hosts (--allowed-hosts) adds names")


class NotFound(CometgraphError):
    """What was asked for does not exist."""

    title = "Not found"


class EventNotFound(NotFound):
    """The graph does not know the event; `nearest` are known ones that share its words."""

    title = "Unknown event"

    def __init__(self, event: str, nearest: Sequence[str] = ()) -> None:
        known = "; known ones that share its words: " + ", ".join(map(_short, nearest)) if nearest else ""
        super().__init__(f"the graph does not know the event {_short(event)}{known}")
        self.event = event
        self.nearest = list(nearest)

    @property
    def extra(self) -> dict[str, Any]:
        return {"event": self.event, "nearest": self.nearest}


class PageNotFound(NotFound):
    """A cursor names a page of one search; this search has no such page."""

    title = "Unknown cursor"

    def __init__(self, cursor: str) -> None:
        super().__init__(f"this search gave no cursor {_short(cursor)}: send one as it came, with the same search")


class NoStudent(NotFound):
    """This service runs without a student, and the question needs one."""

    title = "No student here"

    def __init__(self) -> None:
        super().__init__("this service runs without a student (--no-generate)")


class NoMatching(NotFound):
    """This service looks for no near-duplicates, and the question needs that."""

    title = "No matching here"

    def __init__(self) -> None:
        super().__init__("this service looks for no near-duplicates (--no-match)")


class TooManyRequests(CometgraphError):
    """More requests than the key's rate allows."""

    title = "Too many requests"

    def __init__(self, limit: str, retry_after: int) -> None:
        super().__init__(f"the rate limit of {limit} is used up; try again in {retry_after} s")
        self._retry_after = retry_after

    @property
    def retry_after(self) -> int:
        return self._retry_after


class Overloaded(CometgraphError):
    """More questions wait for the model than may."""

    title = "Too busy"

    def __init__(self, reason: str, retry_after: int) -> None:
        super().__init__(f"{reason}; try again in {retry_after} s")
        self._retry_after = retry_after

    @property
    def retry_after(self) -> int:
        return self._retry_after


class Unavailable(CometgraphError):
    """A part that the answer needs is not there now.

    retry_after: seconds until the same request may succeed. None where only a repair of the part can help.
    """

    title = "Unavailable"

    def __init__(self, reason: str, retry_after: int | None = 2) -> None:
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
    """Small JSON values as they are, others as text; long ones cut, so that a problem stays small."""
    if isinstance(value, str | bytes):
        return _clean(value)[:200]
    if value is None or isinstance(value, bool) or (isinstance(value, int | float) and abs(value) < 2**53):
        return value
    return _clean(_text(value))[:200]


def _text(value: Any) -> str:
    try:
        return str(value)
    except (RecursionError, ValueError):  # nested too deeply, an integer of thousands of digits
        return f"a {type(value).__name__} too large to show"


def _sentence(error: FieldError) -> str:
    if error.value is None:
        return f"{error.field}: {error.allowed}"
    return f"{error.field}: {_short(error.value)} is not {error.allowed}"


def _short(value: Any) -> str:
    text = _clean(value) if isinstance(value, str | bytes) else _text(value)
    return repr(text if len(text) <= 80 else text[:77] + "...")


def _clean(value: str | bytes) -> str:
    """Text that can be written as UTF-8 whatever came in."""
    raw = value if isinstance(value, bytes) else value.encode("utf-8", "replace")
    return raw.decode("utf-8", "replace")
