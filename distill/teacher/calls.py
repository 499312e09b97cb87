"""A call to a teacher, its attempts and its reply."""

import hashlib
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from schemas.errors import NotAllowed

State = Literal["sent", "answered", "refused", "unknown"]
"""State of an attempt.

sent: under way.
answered: its reply is in the log.
refused: certainly unpaid, such as status 429.
unknown: perhaps paid, such as a cut connection, a time-out or a killed process. It counts as spent.
"""


@dataclass(frozen=True, slots=True)
class Call:
    """A request to a teacher. Equal calls have one reply, in all runs of a log.

    stage: the stage of the run, such as "events".
    url: the teacher's address.
    request: path and body as JSON values: {"path": "/completions", "body": {…}}.
    again: 0, or the number of the repetition of a call with a useless reply. Each repetition is a call of its own.
    """

    stage: str
    url: str
    request: dict[str, Any]
    again: int = 0
    key: str = field(init=False)
    """SHA-256 of all members, in hexadecimal digits. It is the Idempotency-Key of every attempt."""

    def __post_init__(self) -> None:
        members = [self.stage, self.url, self.request, self.again]
        content = orjson.dumps(members, option=orjson.OPT_SORT_KEYS)
        object.__setattr__(self, "key", hashlib.sha256(content).hexdigest())


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a reply, as its server counts them."""

    prompt: int = 0
    cached: int = 0
    """Prompt tokens from the server's prefix cache. They are among `prompt`."""
    completion: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of one attempt or of many."""

    calls: int = 0
    tokens: int = 0
    """Prompt and completion tokens."""
    nanodollars: int = 0
    """Money in units of 10⁻⁹ US dollars, so that sums are exact."""

    def __add__(self, other: "Cost") -> "Cost":
        """The cost of both."""
        return Cost(self.calls + other.calls, self.tokens + other.tokens, self.nanodollars + other.nanodollars)


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of the cost of a run. None: no limit."""

    calls: int | None = None
    tokens: int | None = None
    nanodollars: int | None = None

    def exceeded(self, cost: Cost) -> str | None:
        """The first limit that a cost exceeds, in words. None if the cost is within all limits."""
        if self.calls is not None and cost.calls > self.calls:
            return f"{self.calls:,} calls"
        if self.tokens is not None and cost.tokens > self.tokens:
            return f"{self.tokens:,} tokens"
        if self.nanodollars is not None and cost.nanodollars > self.nanodollars:
            return f"{self.nanodollars / 1e9:.2f} US dollars"
        return None


@dataclass(frozen=True, slots=True)
class Reply:
    """The raw reply of a server to a call."""

    status: int
    headers: dict[str, str]
    body: bytes
    usage: Usage


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a call.

    id: its number in the log.
    number: its number among the attempts at its call, from 1.
    """

    id: int
    call: Call
    number: int


class TeacherRefused(NotAllowed):
    """The teacher refuses all calls for good: a bad key, an unknown model or an empty quota."""

    title = "Refused by the teacher"


class CallRefused(NotAllowed):
    """The teacher refuses this call for good, such as a prompt that is too long. Other calls may succeed."""

    title = "Call refused by the teacher"
