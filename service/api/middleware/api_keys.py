"""API keys and their scopes."""

import hashlib
from pathlib import Path

from schemas.errors import BadInput, KeyMissing
from service.answering.caller import SCOPES, Caller

_FORM = "NAME:SCOPE[+SCOPE]:SECRET, scopes read, write, admin, a secret of 16 or more ASCII characters without blanks"
_SHORTEST = 16


class Keys:
    """All keys. Without any, requests need none. Secrets are kept as hashes."""

    def __init__(self, callers: dict[bytes, Caller]) -> None:
        self._callers = callers

    def __bool__(self) -> bool:
        return bool(self._callers)

    @classmethod
    def parse(cls, text: str) -> "Keys":
        """Keys from the setting `api_keys`. Raises BadInput, with a message free of secrets."""
        if text.startswith("@"):
            path = Path(text[1:])
            if not path.is_file():
                raise BadInput.of("api_keys", text, "the name of a file after @")
            text = path.read_text(errors="replace")
        callers: dict[bytes, Caller] = {}
        entries: dict[str | bytes, int] = {}
        lines = [line.strip() for line in text.replace(",", "\n").splitlines()]
        for number, line in enumerate(lines, 1):
            if not line or line.startswith("#"):
                continue
            caller, secret = _entry(line, number)
            for kind, value in (("name", caller.name), ("secret", secret)):
                earlier = entries.setdefault(value, number)
                if earlier != number:
                    raise BadInput.of(
                        "api_keys", f"entry {number}", f"a key of its own: entry {earlier} has its {kind}"
                    )
            callers[secret] = caller
        return cls(callers)

    def caller(self, secret: str | None) -> Caller:
        """The caller with this secret. Raises KeyMissing."""
        if secret is None or (caller := self._callers.get(_digest(secret))) is None:
            raise KeyMissing
        return caller


def _entry(line: str, number: int) -> tuple[Caller, bytes]:
    """The caller of an entry, and the hash of its secret. Raises BadInput."""
    name, _, rest = line.partition(":")
    scopes, _, secret = rest.partition(":")
    names = scopes.split("+")
    is_secret = len(secret) >= _SHORTEST and all("!" <= character <= "~" for character in secret)
    if not name or not is_secret or not all(scope in SCOPES for scope in names):
        raise BadInput.of("api_keys", f"entry {number}", _FORM)
    return Caller(name, frozenset(scope for each in names for scope in SCOPES[each])), _digest(secret)


def _digest(secret: str) -> bytes:
    """The time to look up a hash does not depend on the similarity of two secrets."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
