"""Which names this service answers to, and which pages in a browser may ask it for more than what is stored.

A page of another origin can have a browser send requests here, and by a name that it makes point to this machine
it can read the answers. So a request has to name a host that is this service's, and one from a page of another origin
is foreign: it may neither have the student write nor have anything kept.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import Scope

from schemas.errors import BadInput, UnknownHost

_AUTHORITY = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\s:/?#@\[\]*,\\]+)(?::(?P<port>\d{0,5}))?")
_ORIGIN = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/]+)")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_OURS = frozenset({"same-origin", "none"})
_FORM = "names of hosts, separated by commas: example.org, *.example.org for the names below it, or * for any"


@dataclass(frozen=True, slots=True)
class Hosts:
    """The names of this service.

    named: those that the setting `allowed_hosts` lists. below: endings of further names. is_any: any name will do.
    listens: the address that the service listens on.
    """

    named: frozenset[str]
    below: tuple[str, ...] = ()
    is_any: bool = False
    listens: str = ""

    @classmethod
    def parse(cls, allowed: str, listens: str) -> "Hosts":
        """The setting `allowed_hosts`, and the address that the service listens on. Raises BadInput."""
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
        return cls(frozenset(named), tuple(below), "*" in entries, "" if parsed is None else parsed[0])

    def check(self, scope: Scope) -> None:
        """Raises UnknownHost where a request does not name a host that is ours."""
        values = _values(scope, b"host")
        parsed = _parsed(values[0]) if len(values) == 1 else None
        if parsed is None or not self._is_ours(parsed[0]):
            raise UnknownHost(", ".join(values))

    def is_foreign(self, scope: Scope) -> bool:
        """True for a request by a page of an origin that is neither this service's nor one that is named."""
        origins = _values(scope, b"origin")
        if origins:
            return len(origins) > 1 or not self._is_trusted(origins[0], _values(scope, b"host"))
        return any(value not in _OURS for value in _values(scope, b"sec-fetch-site"))

    def _is_ours(self, name: str) -> bool:
        return self.is_any or name == self.listens or _is_loopback(name) or self._is_named(name)

    def _is_named(self, name: str) -> bool:
        return name in self.named or name.endswith(self.below)

    def _is_trusted(self, origin: str, hosts: Sequence[str]) -> bool:
        found = _ORIGIN.fullmatch(origin)
        asking = None if found is None else _parsed(found["authority"])
        if found is None or asking is None:
            return False
        if self._is_named(asking[0]):
            return True
        # TLS may end in a proxy, which then asks by plain HTTP: the scheme says nothing, but for the port left out.
        default = _DEFAULT_PORTS.get(found["scheme"].lower())
        return any(_without(default, asking) == _without(default, _parsed(host)) for host in hosts)


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1").strip() for key, value in scope["headers"] if key == name]


def _parsed(authority: str) -> tuple[str, str | None] | None:
    """Name and port of "NAME:PORT", the name in lower case and without a final dot; None where it is none."""
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        return None
    name = found["name"].lower().removesuffix(".")
    if name.startswith("["):
        try:
            name = f"[{ipaddress.IPv6Address(name[1:-1])}]"
        except ValueError:
            return None
    return (name, found["port"] or None) if name else None


def _without(default: str | None, parsed: tuple[str, str | None] | None) -> tuple[str, str | None] | None:
    return parsed if parsed is None or parsed[1] != default else (parsed[0], None)


def _is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
