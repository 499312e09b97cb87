"""What a store of triples can do, and how one is opened by its address."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from graph.stores.changes import Changes
from graph.stores.forget import Forgotten
from graph.tables.merge import Counts
from graph.tables.staging import Staging
from schemas.progress import Progress, silent
from schemas.relations import Relation
from schemas.triples import Triple


@dataclass(frozen=True, slots=True)
class Lookup:
    """What is wanted of one event: of each relation the `limit` best that pass the filters.

    generated: also what students wrote of relations about which no data set says anything.
    """

    event: str
    relations: tuple[Relation, ...]
    limit: int
    min_p_valid: float | None = None
    origins: tuple[str, ...] = ()
    generated: bool = False


@dataclass(frozen=True, slots=True)
class Tails:
    """What a known event has: triples in the one order (`rank`), and the relations that do not apply.

    missing: asked relations about which nothing that may be shown is stored, whatever the filters leave of it.
    generated: asked relations of which what is shown comes from students alone.
    """

    triples: list[Triple] = field(default_factory=list[Triple])
    not_applicable: list[Relation] = field(default_factory=list[Relation])
    missing: list[Relation] = field(default_factory=list[Relation])
    generated: list[Relation] = field(default_factory=list[Relation])


@dataclass(frozen=True, slots=True)
class Search:
    """Events to list: those that begin with `prefix`, in text order, after `after`.

    With `words`: those that have one of them, too, in order of relevance, after the first `skip`.
    generated: also events of which only students spoke.
    """

    limit: int
    prefix: str = ""
    after: str = ""
    words: tuple[str, ...] = ()
    skip: int = 0
    generated: bool = False


@dataclass(frozen=True, slots=True)
class Stats:
    """How much there is: nodes, and edges by relation (none edges apart)."""

    events: int
    inferences: int
    triples: dict[Relation, int]
    not_applicable: int


class Store(Protocol):
    """Where triples live. Each store passes the contract suite in tests/.

    All methods raise StoreUnavailable where the store does not answer.
    """

    address: str

    @property
    def scratch(self) -> Path | None:
        """Where the files of one load belong; None: anywhere."""
        ...

    @property
    def changes(self) -> Changes | None:
        """Counts every change, no later than the method that makes it returns. None: other processes may write."""
        ...

    async def tails(self, lookups: Sequence[Lookup]) -> list[Tails | None]:
        """For each lookup what is known; None where the event is unknown.

        An event of which only students spoke is known to a lookup of what is generated.
        """
        ...

    async def events(self, search: Search) -> list[str]:
        """Known events, at most `search.limit`."""
        ...

    async def shown(self, events: Sequence[str]) -> set[str]:
        """Of some events the known ones of which not only students spoke: what a search shows unasked."""
        ...

    async def add(self, triples: Sequence[Triple]) -> Counts:
        """Add a few triples in one transaction, merging those that are there by the rule of graph.tables.merge."""
        ...

    async def load(self, staged: Staging, progress: Progress) -> Counts:
        """Add what is staged; returns when it can be queried. The same again changes nothing."""
        ...

    async def forget(self, origin: str, progress: Progress = silent) -> Forgotten:
        """Take back all that a data set or model said; raises BadInput where nothing is stored of it.

        What others say too stays, with the scores that were merged. A stop leaves a graph that is whole, and the same
        again completes it.
        """
        ...

    async def stats(self) -> Stats:
        """Counts of all there is."""
        ...

    async def close(self) -> None:
        """Let go of the store."""
        ...


@dataclass(frozen=True, slots=True)
class Neo4jLogin:
    """User, password and database of a Neo4j server; the database None is its default one."""

    user: str = "neo4j"
    password: str = ""
    database: str | None = None
