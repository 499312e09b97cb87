"""API keys and their scopes."""

import hashlib
from pathlib import Path

from schemas.errors import BadInput, KeyMissing
from service.answering.caller import SCOPES, Caller

_FORM = "NAME:SCOPE[+SCOPE]:SECRET with scopes read, write, admin and a secret of at least 16 characters"
_SHORTEST = 16


class Keys:
    """The known keys, with their secrets as hashes. Without any, requests need no key."""

    def __init__(self, callers: dict[bytes, Caller]) -> None:
        self._callers = callers

    def __bool__(self) -> bool:
        return bool(self._callers)

    @classmethod
    def parse(cls, text: str) -> "Keys":
        """Keys from the setting `api_keys`. Raises BadInput, without any secret in the message."""
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
            if not name or len(secret) < _SHORTEST or not all(scope in SCOPES for scope in named):
                raise BadInput.of("api_keys", f"entry {number}", _FORM)
            if _digest(secret) in callers:
                raise BadInput.of("api_keys", f"entry {number}", "a key with a secret of its own")
            callers[_digest(secret)] = Caller(name, frozenset[str]().union(*(SCOPES[scope] for scope in named)))
        return cls(callers)

    def caller(self, secret: str | None) -> Caller:
        """The caller with this secret. Raises KeyMissing."""
        if secret is None or (caller := self._callers.get(_digest(secret))) is None:
            raise KeyMissing
        return caller


def _digest(secret: str) -> bytes:
    """A hash: the time of its lookup reveals nothing about a nearly right secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
