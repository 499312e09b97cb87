"""Who may ask: API keys with scopes, and a rate for each."""

import hashlib
import math
import time
from dataclasses import dataclass
from pathlib import Path

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from schemas.errors import BadInput, ForeignOrigin, KeyMissing, ScopeMissing, TooManyRequests

_INCLUDES = {"read": {"read"}, "write": {"read", "write"}, "admin": {"read", "write", "admin"}}
_FORM = "NAME:SCOPE[+SCOPE]:SECRET with scopes read, write, admin and a secret of at least 16 characters"
_SHORTEST = 16


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the key's name, and what it may do. Without keys, whoever asks may read and write.

    foreign: a page of another origin asks, by the browser of somebody who may not know of it.
    """

    name: str
    scopes: frozenset[str]
    foreign: bool = False

    @property
    def may_keep(self) -> bool:
        """True where what is written for the caller may be stored."""
        return "write" in self.scopes and not self.foreign

    def need(self, scope: str) -> None:
        """Raises ScopeMissing."""
        if scope not in self.scopes:
            raise ScopeMissing(scope)

    def need_student(self) -> None:
        """Raises ForeignOrigin where the student is not to be asked for the caller."""
        if self.foreign:
            raise ForeignOrigin("the student")


LOCAL = Caller("local", frozenset(_INCLUDES["admin"]))
"""Who types a command."""


class Keys:
    """The keys that there are; none means that no key is asked for. Secrets are kept as hashes."""

    def __init__(self, callers: dict[bytes, Caller]) -> None:
        self._callers = callers

    def __bool__(self) -> bool:
        return bool(self._callers)

    @classmethod
    def parse(cls, text: str) -> "Keys":
        """Keys from the setting `api_keys`. Raises BadInput; the message does not show the secrets."""
        if text.startswith("@"):
            path = Path(text[1:])
            if not path.is_file():
                raise BadInput.of("api_keys", text, "the name of a file after @")
            text = path.read_text(errors="replace")
        callers: dict[bytes, Caller] = {}
        lines = [line.strip() for line in text.replace(",", "\n").splitlines()]
        for number, line in enumerate(lines, 1):
            if not line or line.startswith("#"):
                continue
            name, _, rest = line.partition(":")
            scopes, _, secret = rest.partition(":")
            named = scopes.split("+")
            if not name or len(secret) < _SHORTEST or not all(scope in _INCLUDES for scope in named):
                raise BadInput.of("api_keys", f"entry {number}", _FORM)
            callers[_digest(secret)] = Caller(name, frozenset(held for scope in named for held in _INCLUDES[scope]))
        return cls(callers)

    def caller(self, secret: str | None) -> Caller:
        """Whose secret it is. Raises KeyMissing."""
        if secret is None or (caller := self._callers.get(_digest(secret))) is None:
            raise KeyMissing
        return caller


def _digest(secret: str) -> bytes:
    """Looking up a hash tells nothing, by its time, about a secret that is nearly right."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


class Rate:
    """A moving window for each caller."""

    def __init__(self, item: RateLimitItem | None) -> None:
        self._item = item
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """The rate that the setting `rate_limit` says. Raises BadInput."""
        try:
            return cls(parse(text) if text else None)
        except ValueError:
            raise BadInput.of("rate_limit", text, "a number of requests and a time, as 600/minute") from None

    def count(self, caller: str) -> None:
        """Count a request. Raises TooManyRequests."""
        if self._item is None or self._limiter.hit(self._item, caller):
            return
        reset = self._limiter.get_window_stats(self._item, caller).reset_time
        raise TooManyRequests(str(self._item), max(1, math.ceil(reset - time.time())))
