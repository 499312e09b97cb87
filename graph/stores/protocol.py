"""The protocol of a store of triples, and the types of its requests and results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from graph.links import Link, Tail
from graph.links.report import LinkReport
from graph.links.step import Step, StepSearch
from graph.query.request import Rows
from graph.stores.changes import Changes
from graph.stores.forget import Forgotten
from graph.tables.merge import Counts
from graph.tables.staging import Staging
from schemas.progress import Progress, silent
from schemas.relations import Relation
from schemas.triples import Order, Triple


@dataclass(frozen=True, slots=True)
class Lookup:
    """A request for the triples of one event."""

    event: str
    relations: tuple[Relation, ...]
    limit: int
    """Maximum number of triples per relation. The best ones win."""
    min_p_valid: float | None = None
    """Minimum p_valid. It drops triples without one."""
    origins: tuple[str, ...] = ()
    """Only triples of one of these origins. Empty: all."""
    generated: bool = False
    """Include generated triples of relations without a triple of a data set."""
    order: Order = "default"
    """The order of the triples of a relation."""


@dataclass(frozen=True, slots=True)
class Tails:
    """The result of a lookup."""

    triples: list[Triple] = field(default_factory=list[Triple])
    """In the order of the lookup."""
    not_applicable: list[Relation] = field(default_factory=list[Relation])
    """Relations with the tail `none` only."""
    missing: list[Relation] = field(default_factory=list[Relation])
    """Relations of the lookup without a stored triple (filters not applied)."""
    generated: list[Relation] = field(default_factory=list[Relation])
    """Relations of the lookup with generated triples only."""


@dataclass(frozen=True, slots=True)
class Search:
    """A search for events. Without `words` in text order, with `words` in order of relevance."""

    limit: int
    """Maximum number of events."""
    prefix: str = ""
    """Beginning of the events."""
    after: str = ""
    """Without `words`: the last event of the page before."""
    words: tuple[str, ...] = ()
    """Only events with at least one of these words."""
    skip: int = 0
    """With `words`: number of events on the pages before."""
    generated: bool = False
    """Include events with generated triples only."""


@dataclass(frozen=True, slots=True)
class Stats:
    """Size of the graph."""

    events: int
    inferences: int
    triples: dict[Relation, int]
    """Edges per relation, without the tail `none`."""
    not_applicable: int
    """Edges with the tail `none`."""
    unknown_relations: dict[str, int] = field(default_factory=dict[str, int])
    """Edges per stored relation without a description, with the tail `none` too. No lookup returns them."""


StoreKind = Literal["embedded", "neo4j"]


class Store(Protocol):
    """A store of triples. Every implementation passes the tests in tests/contract.

    All methods raise StoreUnavailable if the store does not answer.
    """

    address: str
    """Folder or URI."""
    kind: StoreKind

    @property
    def scratch(self) -> Path | None:
        """Folder for the files of one load. None: any temporary folder."""
        ...

    @property
    def changes(self) -> Changes | None:
        """Counts of the changes. A method counts its change before it returns. None: other processes may write."""
        ...

    async def tails(self, lookups: Sequence[Lookup]) -> list[Tails | None]:
        """The triples of each lookup. None for an unknown event.

        An event with generated triples only is unknown to a lookup without `generated`.
        """
        ...

    async def events(self, search: Search) -> list[str]:
        """The events of a search."""
        ...

    async def visible(self, events: Sequence[str]) -> set[str]:
        """The events with at least one triple of a data set: those of a search without `generated`."""
        ...

    async def steps(self, search: StepSearch) -> list[Step]:
        """The steps of a walk, sorted by their texts. One round trip to a server."""
        ...

    async def linked(self, tails: Sequence[Tail], *, generated: bool) -> list[Link]:
        """The events that some tails are, stored or not. generated: include events known from students alone."""
        ...

    async def add(self, triples: Sequence[Triple]) -> Counts:
        """Merge a few triples into the graph, in one transaction."""
        ...

    async def triples(self, events: Sequence[str]) -> list[Triple]:
        """All stored triples of some events, in no order, with those of the tail `none`.

        Relations without a description are left out.
        """
        ...

    async def set_scores(self, triples: Sequence[Triple], p_valid: Sequence[float], critic: str) -> int:
        """Replace the score and the critic of stored triples, in one transaction.

        triples: as they were read. One with other scores by now stays as it is, and so does none of the tail `none`.
        p_valid: a score for each.
        critic: NAME@VERSION.

        Returns the number of changed triples.
        """
        ...

    async def load(self, staging: Staging, progress: Progress) -> Counts:
        """Merge the rows of a load into the graph. A second call with the same rows changes nothing."""
        ...

    async def forget(self, origin: str, progress: Progress = silent) -> Forgotten:
        """Remove an origin, and the edges and nodes without another one. Raises BadInput for an unknown origin.

        Edges with further origins stay, with their merged scores. After a stop the graph is consistent, and a second
        call completes the removal.
        """
        ...

    async def link(self, progress: Progress = silent) -> LinkReport:
        """Make the links of the whole graph, and remove others. After a stop, a second call completes them.

        Only a store of an earlier version needs it: `add`, `load` and `forget` keep the links up to date.
        """
        ...

    async def query(self, text: str, parameters: Mapping[str, Any], limit: int | None = None) -> Rows:
        """The rows of a stranger's Cypher. Nothing of it reaches beyond the graph, or changes it.

        limit: maximum number of rows. None: that of the store.

        Raises BadQuery for a refused text, QueryEnded beyond its time or memory, Overloaded without a free slot.
        """
        ...

    async def stats(self) -> Stats:
        """Size of the graph."""
        ...

    async def close(self) -> None:
        """Close the store."""
        ...


@dataclass(frozen=True, slots=True)
class Neo4jLogin:
    """Login at a Neo4j server."""

    user: str = "neo4j"
    password: str = ""
    """Empty: no authentication."""
    database: str | None = None
    """None: the default database of the server."""
