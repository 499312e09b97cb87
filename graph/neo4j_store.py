"""The Neo4j store: the official async driver, managed transactions, reads routed to readers of a cluster."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, LiteralString, TypeVar, cast
from urllib.parse import urlsplit

import neo4j
import pyarrow as pa
import pyarrow.compute as pc
from neo4j.exceptions import AuthError, ClientError, DriverError, Neo4jError, ServiceUnavailable

from graph import cypher
from graph.as_event import ACTOR, inferences_reading, readings
from graph.rows import (
    KEY,
    PROPERTIES,
    RELATION_CODE,
    RELATION_NAMES,
    Counts,
    empty,
    from_properties,
    merge,
    properties,
    row_of,
    table_of,
)
from graph.staging import Staging
from graph.store import Lookup, Neo4jLogin, Progress, Search, Stats, Tails, select
from schemas.errors import BadInput, CometgraphError, StoreUnavailable
from schemas.relations import RELATIONS, Relation
from schemas.triples import NONE, Triple

BATCH = 20_000
"""Rows in one write transaction, about: all rows of an event are in the same one."""
CONNECT_SECONDS = 5.0
RETRY_SECONDS = 15.0
READ_SECONDS = 30.0

_PROPERTY_NAMES = [field.name for field in PROPERTIES]
T = TypeVar("T")


async def open_neo4j(address: str, login: Neo4jLogin, *, read_only: bool) -> "Neo4jStore":
    """Connect, and see that constraints and indexes are there and online (unless read_only)."""
    try:
        urlsplit(address).port  # noqa: B018 (raises for a port that is none)
    except ValueError as error:
        raise BadInput.of("store", address, f"an address bolt://HOST:PORT ({error})") from error
    driver = neo4j.AsyncGraphDatabase.driver(  # pyright: ignore[reportUnknownMemberType] (untyped **config)
        address,
        auth=(login.user, login.password) if login.password else None,
        connection_timeout=CONNECT_SECONDS,
        max_transaction_retry_time=RETRY_SECONDS,
        user_agent="cometgraph",
        notifications_min_severity="OFF",
    )
    store = Neo4jStore(address, driver, login.database)
    try:
        async with _translated(address):
            await driver.verify_connectivity()  # pyright: ignore[reportUnknownMemberType]
            if not read_only:
                await store.prepare()
    except BaseException:
        await driver.close()
        raise
    return store


def translate(address: str, error: Exception) -> CometgraphError:
    """What an error of the driver means to us; the most specific class first."""
    if isinstance(error, AuthError):
        return StoreUnavailable(f"{address} refuses the user or the password")
    if isinstance(error, ServiceUnavailable):
        return StoreUnavailable(f"{address} does not answer")
    if isinstance(error, ClientError):
        hint = "; are its indexes there? whatever opens it to write makes them" if "Procedure" in error.code else ""
        return StoreUnavailable(f"{address} refuses a query: {error.code}{hint}")
    return StoreUnavailable(f"{address} failed: {type(error).__name__}")


@asynccontextmanager
async def _translated(address: str) -> AsyncGenerator[None]:
    try:
        yield
    except (Neo4jError, DriverError, OSError) as error:
        raise translate(address, error) from error


class Neo4jStore:
    """See graph.store.Store. Others may write to the same database."""

    def __init__(self, address: str, driver: neo4j.AsyncDriver, database: str | None) -> None:
        self.address = address
        self._driver = driver
        self._database = database

    async def prepare(self) -> None:
        """Constraints, the full-text index and the relation nodes; waits until the indexes are online."""
        for statement in cypher.NEO4J_SCHEMA:
            await self._execute(statement)
        relations = [
            {"name": i.name.value, "phrase": i.phrase, "grp": i.group, "whose": i.whose} for i in RELATIONS.values()
        ]
        await self._execute(cypher.NEO4J_RELATIONS, rows=relations)
        await self._execute(cypher.NEO4J_AWAIT)

    @property
    def scratch(self) -> Path | None:
        return None

    @property
    def generation(self) -> int | None:
        return None

    async def tails(self, lookups: Sequence[Lookup]) -> list[Tails | None]:
        asks = [
            {"n": n, "event": lookup.event, "relations": [relation.value for relation in lookup.relations]}
            for n, lookup in enumerate(lookups)
        ]
        found: list[Tails | None] = [None] * len(lookups)
        for n, edges in await self._read(cypher.NEO4J_TAILS, asks=asks):
            lookup = lookups[int(n)]
            found[int(n)] = select([_triple(lookup.event, edge) for edge in edges], lookup)
        return found

    async def events(self, search: Search) -> list[str]:
        if search.words:
            query = " OR ".join(f'"{word}"' for word in search.words)
            rows = await self._read(
                cypher.NEO4J_WORDS, words=query, prefix=search.prefix, skip=search.skip, limit=search.limit
            )
        else:
            rows = await self._read(cypher.NEO4J_PREFIX, prefix=search.prefix, after=search.after, limit=search.limit)
        return [text for (text,) in rows]

    async def add(self, triples: Sequence[Triple]) -> Counts:
        rows = table_of(map(row_of, triples))

        async def work(tx: neo4j.AsyncManagedTransaction) -> Counts:
            counts = await _add(tx, rows)
            await _link(tx, triples)
            return counts

        return await self._write(work)

    async def load(self, staged: Staging, progress: Progress) -> Counts:
        total, done = Counts(), 0
        for batch in _batches(staged):
            progress("writing the graph", done, staged.incoming)
            total += await self._write(lambda tx, rows=batch: _add(tx, rows))
            done += len(batch)
        progress("linking inferences that are events", 0, 0)
        await self._write(_link_all)
        async with _translated(self.address):
            await self._execute(cypher.NEO4J_AWAIT)
        return total

    async def stats(self) -> Stats:
        async def count(query: str) -> int:
            return (await self._read(query))[0][0]

        return Stats(
            events=await count(cypher.count_nodes("Event")),
            inferences=await count(cypher.count_nodes("Inference")),
            triples={relation: await count(cypher.count_edges(relation.value)) for relation in RELATIONS},
            not_applicable=await count(cypher.count_edges(cypher.NOT_APPLICABLE)),
        )

    async def close(self) -> None:
        await self._driver.close()

    async def _execute(self, query: str, **parameters: Any) -> None:
        await self._driver.execute_query(cast(LiteralString, query), parameters, database_=self._database)

    async def _read(self, query: str, **parameters: Any) -> list[list[Any]]:
        async def work(tx: neo4j.AsyncManagedTransaction) -> list[list[Any]]:
            result = await _run(tx, query, **parameters)
            return [record.values() async for record in result]

        async with _translated(self.address), self._session(neo4j.READ_ACCESS) as session:
            return await session.execute_read(neo4j.unit_of_work(timeout=READ_SECONDS)(work))

    async def _write(self, work: Callable[[neo4j.AsyncManagedTransaction], Awaitable[T]]) -> T:
        async with _translated(self.address), self._session(neo4j.WRITE_ACCESS) as session:
            return await session.execute_write(work)

    def _session(self, access: str) -> neo4j.AsyncSession:
        return self._driver.session(  # pyright: ignore[reportUnknownMemberType] (untyped **config)
            database=self._database, default_access_mode=access
        )


async def _run(tx: neo4j.AsyncManagedTransaction, query: str, **parameters: Any) -> neo4j.AsyncResult:
    """Run one of graph.cypher's queries: their names come from enums, so they are as good as literal."""
    return await tx.run(cast(LiteralString, query), parameters)


async def _add(tx: neo4j.AsyncManagedTransaction, incoming: pa.Table) -> Counts:
    """Merge rows into the graph.

    The events are locked before their edges are read, so that two writers cannot both find an edge missing. One
    transaction at a time: several wait for each other at the inferences that events share, and gain nothing.
    """
    heads = pc.unique(incoming.column("head")).to_pylist()
    await _run(tx, cypher.NEO4J_LOCK_EVENTS, texts=heads)
    merged = merge(await _edges_of(tx, heads), incoming)
    new, changed = merged.new, merged.changed
    tails = [tail for tail in pc.unique(new.column("tail")).to_pylist() if tail != NONE]
    await _run(tx, cypher.NEO4J_ADD_INFERENCES, texts=tails)
    for rows, edges, nones in (
        (new, cypher.NEO4J_ADD_EDGES, cypher.NEO4J_ADD_NONES),
        (changed, cypher.NEO4J_SET_EDGES, cypher.NEO4J_SET_NONES),
    ):
        is_none = pc.equal(rows.column("tail"), NONE)
        await _run_rows(tx, edges, rows.filter(pc.invert(is_none)))
        await _run_rows(tx, nones, rows.filter(is_none))
    return merged.counts


async def _link(tx: neo4j.AsyncManagedTransaction, triples: Sequence[Triple]) -> None:
    """AS_EVENT edges of these triples' nodes."""
    pairs = {pair for t in triples for pair in [(i, t.head) for i in inferences_reading(t.head)]}
    pairs |= {(t.tail, event) for t in triples for event in readings(t.tail)}
    await _run(tx, cypher.NEO4J_LINK_PAIRS, pairs=sorted(pairs))


async def _link_all(tx: neo4j.AsyncManagedTransaction) -> None:
    """AS_EVENT edges of the whole graph."""
    await _run(tx, cypher.NEO4J_LINK_ALL, actor=ACTOR)


async def _run_rows(tx: neo4j.AsyncManagedTransaction, query: str, rows: pa.Table) -> None:
    """Run a query over rows as [head, relation, tail, properties without nulls]."""
    if len(rows):
        keys = (rows.column(name).to_pylist() for name in KEY)
        columns = (column.to_pylist() for column in properties(rows))
        said: list[list[Any]] = [
            [
                head,
                RELATION_NAMES[code],
                tail,
                {n: v for n, v in zip(_PROPERTY_NAMES, values, strict=True) if v is not None},
            ]
            for head, code, tail, *values in zip(*keys, *columns, strict=True)
        ]
        await _run(tx, query, rows=said)


async def _edges_of(tx: neo4j.AsyncManagedTransaction, heads: list[str]) -> pa.Table:
    """All stored rows of some events."""
    result = await _run(tx, cypher.NEO4J_EDGES_OF, heads=heads)
    found = [record.values() async for record in result]
    if not found:
        return empty()
    head, names, tails, *said = zip(*found, strict=True)
    columns = [pa.array(column, field.type) for column, field in zip(said, PROPERTIES, strict=True)]
    codes = pa.array([RELATION_CODE[name] for name in names], pa.int8())
    texts = pa.array([NONE if tail is None else tail for tail in tails], pa.string())
    return from_properties(pa.array(head, pa.string()), codes, texts, columns)


def _batches(staged: Staging) -> Iterator[pa.Table]:
    """What is staged in pieces of about BATCH rows, no event in two of them."""
    for part in staged.read():
        rows = part.incoming.sort_by("head")
        heads = rows.column("head").combine_chunks()
        start = 0
        while start < len(rows):
            end = min(start + BATCH, len(rows))
            while end < len(rows) and heads[end] == heads[end - 1]:
                end += 1
            yield rows.slice(start, end - start)
            start = end


def _triple(head: str, edge: list[Any]) -> Triple:
    name, tail, p_valid, split, valid, *recalls, origins = edge
    tail = NONE if tail is None else tail
    return Triple(head, Relation(name), tail, split, p_valid, valid, tuple(recalls), tuple(origins or ()))
