"""API keys and their scopes."""

import hashlib
from pathlib import Path

from schemas.errors import BadInput, KeyMissing
from service.answering.caller import SCOPES, Caller

_FORM = "NAME:SCOPE[+SCOPE]:SECRET with scopes read, write, admin and a secret of at least 16 characters"
_SHORTEST = 16


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
            if not name or len(secret) < _SHORTEST or not all(scope in SCOPES for scope in named):
                raise BadInput.of("api_keys", f"entry {number}", _FORM)
            callers[_digest(secret)] = Caller(name, frozenset(held for scope in named for held in SCOPES[scope]))
        return cls(callers)

    def caller(self, secret: str | None) -> Caller:
        """Whose secret it is. Raises KeyMissing."""
        if secret is None or (caller := self._callers.get(_digest(secret))) is None:
            raise KeyMissing
        return caller


def _digest(secret: str) -> bytes:
    """Looking up a hash tells nothing, by its time, about a secret that is nearly right."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
