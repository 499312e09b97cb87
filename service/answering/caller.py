"""The caller of a request: name, scopes, origin."""

from dataclasses import dataclass

from schemas.errors import ForeignOrigin, ScopeMissing

SCOPES = {"read": {"read"}, "write": {"read", "write"}, "admin": {"read", "write", "admin"}}
"""The scopes that each scope of a key gives."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A client of the service.

    name: name of the API key, or the client's address without keys.
    scopes: permissions. Without keys, every client may read and write.
    foreign: the request comes from a web page of another origin, perhaps without its visitor's knowledge.
    """

    name: str
    scopes: frozenset[str]
    foreign: bool = False

    @property
    def may_keep(self) -> bool:
        """True if generated answers may be stored for the caller."""
        return "write" in self.scopes and not self.foreign

    def need(self, scope: str) -> None:
        """Raises ScopeMissing."""
        if scope not in self.scopes:
            raise ScopeMissing(scope)

    def need_student(self) -> None:
        """Raises ForeignOrigin: the student does not work for foreign pages."""
        if self.foreign:
            raise ForeignOrigin("the student")


LOCAL = Caller("local", frozenset(SCOPES["admin"]))
"""The user of the command line."""
