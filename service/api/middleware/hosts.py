"""Names of this service, and foreign web pages.

A page of another origin can make a browser send requests to this service. With a name of its own that points to this
machine, it could also read the answers (DNS rebinding). So each request must name a host of this service. A request
from a page of another origin is foreign: it gets stored answers only, and nothing is kept for it.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import Scope

from schemas.errors import BadInput, UnknownHost
from service.api.middleware.cors import ANY

_AUTHORITY = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\s:/?#@\[\]*,\\]+)(?::(?P<port>\d{0,5}))?")
_ORIGIN = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/]+)")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_OURS = frozenset({"same-origin", "none"})
_FORM = "names of hosts, separated by commas: example.org, *.example.org for the names below it, or * for any"


@dataclass(frozen=True, slots=True)
class Hosts:
    """The names of this service.

    named: names in the setting `allowed_hosts`.
    below: endings of further names.
    is_any: every name is allowed.
    listens: the address of the setting `host`.
    origins: origins of the setting `cors_origin`, with "*" for any.
    """

    named: frozenset[str]
    below: tuple[str, ...] = ()
    is_any: bool = False
    listens: str = ""
    origins: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, allowed: str, listens: str, origins: frozenset[str] = frozenset()) -> "Hosts":
        """The names of the settings `allowed_hosts` and `host`. Raises BadInput."""
        named, below = set[str](), list[str]()
        entries = [entry.strip() for entry in allowed.split(",") if entry.strip()]
        for entry in entries:
            if entry == "*":
                continue
            is_below = entry.startswith((".", "*."))
            parsed = _parsed(entry.removeprefix("*").removeprefix(".") if is_below else entry)
            if parsed is None:
                raise BadInput.of("allowed_hosts", entry, _FORM)
            if is_below:
                below.append(f".{parsed[0]}")
            else:
                named.add(parsed[0])
        parsed = _parsed(f"[{listens}]" if ":" in listens else listens)
        return cls(frozenset(named), tuple(below), "*" in entries, "" if parsed is None else parsed[0], origins)

    def check(self, scope: Scope) -> None:
        """Raises UnknownHost for a request without exactly one Host header, or with another host's name."""
        values = _values(scope, b"host")
        parsed = _parsed(values[0]) if len(values) == 1 else None
        if parsed is None or not self._is_ours(parsed[0]):
            raise UnknownHost(", ".join(values))

    def is_foreign(self, scope: Scope) -> bool:
        """True for a request by a page of another origin, unless a setting names that origin or its host."""
        origins = _values(scope, b"origin")
        if origins:
            return len(origins) > 1 or not self._is_trusted(origins[0], _values(scope, b"host"))
        return any(value not in _OURS for value in _values(scope, b"sec-fetch-site"))

    def _is_ours(self, name: str) -> bool:
        return self.is_any or name == self.listens or _is_loopback(name) or self._is_named(name)

    def _is_named(self, name: str) -> bool:
        return name in self.named or name.endswith(self.below)

    def _is_trusted(self, origin: str, hosts: Sequence[str]) -> bool:
        if ANY in self.origins or origin in self.origins:
            return True
        parts = _ORIGIN.fullmatch(origin)
        page = None if parts is None else _parsed(parts["authority"])
        if parts is None or page is None:
            return False
        if self._is_named(page[0]):
            return True
        # Behind a proxy that ends TLS, this service sees plain HTTP. So the scheme matters for the default port alone.
        default = _DEFAULT_PORTS.get(parts["scheme"].lower())
        return any(_without(default, page) == _without(default, _parsed(host)) for host in hosts)


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1").strip() for key, value in scope["headers"] if key == name]


def _parsed(authority: str) -> tuple[str, str | None] | None:
    """Name and port of "NAME:PORT", the name in lower case and without a final dot. None for other texts."""
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        return None
    name = parts["name"].lower().removesuffix(".")
    if name.startswith("["):
        try:
            name = f"[{ipaddress.IPv6Address(name[1:-1])}]"
        except ValueError:
            return None
    return (name, parts["port"] or None) if name else None


def _without(default: str | None, parsed: tuple[str, str | None] | None) -> tuple[str, str | None] | None:
    return parsed if parsed is None or parsed[1] != default else (parsed[0], None)


def _is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
