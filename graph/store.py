"""What a store of triples can do, and how one is opened by its address."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from graph.changes import Changes
from graph.forgetting import Forgotten
from graph.rows import Counts
from graph.staging import Staging
from schemas.child import Progress, silent
from schemas.errors import BadInput
from schemas.relations import Relation
from schemas.triples import NONE, Triple, is_generated, rank


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
        """Add a few triples in one transaction, merging those that are there by graph.rows' rule."""
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


def select(triples: Sequence[Triple], lookup: Lookup) -> Tails:
    """Of all triples of an event those that the lookup wants: filtered, ordered, cut. The same for every store.

    `triples` are all of the asked relations, `none` too; those of other relations may be among them.
    """
    said = {t.relation for t in triples}
    generated: list[Relation] = []
    if any(map(is_generated, triples)):
        by_data = {t.relation for t in triples if not is_generated(t)}
        if lookup.generated:
            generated = [r for r in lookup.relations if r in said and r not in by_data]
        else:
            said = by_data
        triples = [t for t in triples if t.relation in generated or not is_generated(t)]
    missing = [r for r in lookup.relations if r not in said]
    if lookup.origins:
        wanted = set(lookup.origins)
        triples = [t for t in triples if not wanted.isdisjoint(t.origins)]
    kept = [t for t in triples if t.tail != NONE]
    not_applicable: list[Relation] = []
    if len(kept) < len(triples):
        apply = {t.relation for t in kept}
        not_applicable = [r for r in lookup.relations if r not in apply and _has_none(triples, r)]
    least = lookup.min_p_valid
    if least is not None:
        kept = [t for t in kept if t.p_valid is not None and t.p_valid >= least]
    kept.sort(key=rank)
    return Tails(kept if len(kept) <= lookup.limit else _best(kept, lookup), not_applicable, missing, generated)


def _best(triples: list[Triple], lookup: Lookup) -> list[Triple]:
    """Of each relation the first `limit`."""
    seen = dict.fromkeys(lookup.relations, 0)
    best: list[Triple] = []
    for triple in triples:
        seen[triple.relation] += 1
        if seen[triple.relation] <= lookup.limit:
            best.append(triple)
    return best


def _has_none(triples: Sequence[Triple], relation: Relation) -> bool:
    return any(t.relation is relation and t.tail == NONE for t in triples)


@dataclass(frozen=True, slots=True)
class Neo4jLogin:
    """User, password and database of a Neo4j server; the database None is its default one."""

    user: str = "neo4j"
    password: str = ""
    database: str | None = None


@asynccontextmanager
async def open_store(
    address: str, *, read_only: bool = False, create: bool = True, threads: int = 2, login: Neo4jLogin | None = None
) -> AsyncGenerator[Store]:
    """Open the store at `address`: a folder, or bolt:// and neo4j:// URIs.

    A folder that is no store yet becomes one, unless read_only or told not to `create`.

    Raises BadInput for an address of no known kind, StoreUnavailable where a server does not answer,
    StoreLocked where another process writes to the folder.
    """
    if "://" in address:
        if not address.startswith(("bolt://", "bolt+s://", "bolt+ssc://", "neo4j://", "neo4j+s://", "neo4j+ssc://")):
            raise BadInput.of("store", address, "a folder, or an address bolt://… or neo4j://…")
        from graph.neo4j_store import open_neo4j

        store = await open_neo4j(address, login or Neo4jLogin(), read_only=read_only)
    else:
        from graph.embedded import open_embedded

        store = await open_embedded(Path(address), read_only=read_only, create=create, threads=threads)
    try:
        yield store
    finally:
        await store.close()
