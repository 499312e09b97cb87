"""The caller of a request: name, scopes, origin."""

from dataclasses import dataclass

from schemas.errors import ForeignOrigin, ScopeMissing

SCOPES = {"read": {"read"}, "write": {"read", "write"}, "admin": {"read", "write", "admin"}}


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


LOCAL = Caller("local", frozenset(SCOPES["admin"]))
"""Who types a command."""
