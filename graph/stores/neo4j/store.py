"""The Neo4j store, by the async driver of Neo4j. Reads go to the readers of a cluster."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, LiteralString, TypeVar, cast
from urllib.parse import urlsplit

import neo4j
from neo4j.exceptions import AuthError, ClientError, DriverError, Neo4jError, ServiceUnavailable

from graph.links import Link, Tail, best_links, phrase
from graph.links.report import LinkReport
from graph.links.step import Step, StepSearch, place, step_of
from graph.query.process import Readers
from graph.query.request import QueryLimits, Rows
from graph.stores.changes import Changes
from graph.stores.common_cypher import STORED_RELATIONS, count_edges, count_nodes, count_nones
from graph.stores.forget import Forgotten, unknown_origin
from graph.stores.neo4j import cypher
from graph.stores.neo4j.links import link_all
from graph.stores.neo4j.transaction import all_rows
from graph.stores.neo4j.writer import EVENTS, add_rows, batches, forget
from graph.stores.protocol import Lookup, Neo4jLogin, Search, Stats, StoreKind, Tails
from graph.stores.ranking import select
from graph.tables.columns import row_of, table_of
from graph.tables.edges import NOT_APPLICABLE
from graph.tables.merge import Counts
from graph.tables.staging import Staging
from schemas.errors import BadInput, CometgraphError, StoreUnavailable
from schemas.progress import Progress, silent
from schemas.relations import RELATIONS, Relation
from schemas.triples import NONE, Triple

CONNECT_SECONDS = 5.0
RETRY_SECONDS = 15.0
READ_SECONDS = 30.0
READER = "graph.stores.neo4j.reader"
RUNNING = "SHOW TRANSACTIONS YIELD metaData WHERE metaData.cometgraph_query = $id RETURN count(*)"
"""Number of transactions of one query of a stranger. See graph/stores/neo4j/reader.py."""

T = TypeVar("T")


async def open_neo4j(
    address: str, login: Neo4jLogin, *, read_only: bool, queries: QueryLimits, min_link: float
) -> "Neo4jStore":
    """Connect to a server, and create missing constraints and indexes unless read_only.

    Raises BadInput for a malformed address, StoreUnavailable.
    """
    try:
        urlsplit(address).port  # noqa: B018 (raises for an invalid port)
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
    store = Neo4jStore(address, driver, login, queries, min_link)
    try:
        async with _translated(address):
            await driver.verify_connectivity()  # pyright: ignore[reportUnknownMemberType]
            if not read_only:
                await store.prepare()
    except BaseException:
        await driver.close()
        raise
    if queries.ahead:
        store.readers.start_ahead()
    return store


def translate(address: str, error: Exception) -> CometgraphError:
    """An error of the driver as ours."""
    if isinstance(error, AuthError):
        return StoreUnavailable(f"{address} refuses the user or the password")
    if isinstance(error, ServiceUnavailable):
        return StoreUnavailable(f"{address} does not answer")
    if isinstance(error, ClientError):
        hint = "; a command that opens it for writing creates missing indexes" if "Procedure" in error.code else ""
        return StoreUnavailable(f"{address} refuses a query: {error.code}{hint}")
    return StoreUnavailable(f"{address} failed: {type(error).__name__}")


@asynccontextmanager
async def _translated(address: str) -> AsyncGenerator[None]:
    try:
        yield
    except (Neo4jError, DriverError, OSError) as error:
        raise translate(address, error) from error


def reader_of(address: str, login: Neo4jLogin) -> dict[str, Any]:
    """How a reader process connects to a server. See graph.query.child.main."""
    return {"module": READER, "dialect": "neo4j", "address": address} | asdict(login)


class Neo4jStore:
    """See graph.stores.protocol.Store. Other processes may write to the same database."""

    kind: StoreKind = "neo4j"

    def __init__(
        self, address: str, driver: neo4j.AsyncDriver, login: Neo4jLogin, queries: QueryLimits, min_link: float
    ) -> None:
        self.address = address
        self._driver = driver
        self._database = login.database
        self._min_link = min_link
        self.readers = Readers(reader_of(address, login), queries, self._is_running)

    async def prepare(self) -> None:
        """Create constraints, the full-text index and the relation nodes, and wait for the indexes."""
        for statement in cypher.SCHEMA:
            await self._execute(statement)
        relations = [
            {"name": i.name.value, "phrase": i.phrase, "grp": i.group, "whose": i.whose} for i in RELATIONS.values()
        ]
        await self._execute(cypher.RELATIONS, rows=relations)
        await self._execute(cypher.AWAIT)

    @property
    def scratch(self) -> Path | None:
        return None

    @property
    def changes(self) -> Changes | None:
        return None

    async def tails(self, lookups: Sequence[Lookup]) -> list[Tails | None]:
        parameters = [
            {
                "n": n,
                "event": lookup.event,
                "relations": [relation.value for relation in lookup.relations],
                "generated": lookup.generated,
            }
            for n, lookup in enumerate(lookups)
        ]
        tails: list[Tails | None] = [None] * len(lookups)
        for n, edges in await self.read(cypher.TAILS, lookups=parameters):
            lookup = lookups[int(n)]
            tails[int(n)] = select([_triple(lookup.event, edge) for edge in edges], lookup)
        return tails

    async def events(self, search: Search) -> list[str]:
        if search.words:
            query = " OR ".join(f'"{word}"' for word in search.words)
            rows = await self.read(cypher.WORDS, words=query, skip=search.skip, **_parameters(search))
        else:
            rows = await self.read(cypher.PREFIX, after=search.after, **_parameters(search))
        return [text for (text,) in rows]

    async def visible(self, events: Sequence[str]) -> set[str]:
        return {text for (text,) in await self.read(cypher.VISIBLE, texts=list(events))}

    async def steps(self, search: StepSearch) -> list[Step]:
        parameters: dict[str, Any] = {
            "events": list(search.events),
            "relations": [relation.value for relation in search.relations],
            "of_x": search.linked(other=False),
            "of_others": search.linked(other=True),
            "min_p_valid": -1.0 if search.min_p_valid is None else search.min_p_valid,
            "min_link": search.min_link,
            "generated": search.generated,
        }
        if search.backward:
            rows = await self._read_at_once(cypher.STEPS_TO, tails=list(search.tails), **parameters)
        else:
            rows = await self._read_at_once(cypher.STEPS, leaves=search.leaves, **parameters)
        return sorted((step_of(head, Relation(name), *rest) for head, name, *rest in rows), key=place)

    async def linked(self, tails: Sequence[Tail], *, generated: bool) -> list[Link]:
        keys = sorted({key for text, reading in tails if (key := phrase(text, reading).key)})
        events = [text for (text,) in await self.read(cypher.SHOWN_EVENTS_OF_KEYS, keys=keys, generated=generated)]
        return list(best_links(tails, events, self._min_link))

    async def add(self, triples: Sequence[Triple]) -> Counts:
        rows = table_of(map(row_of, triples))
        return await self._write(lambda tx: add_rows(tx, rows, self._min_link))

    async def triples(self, events: Sequence[str]) -> list[Triple]:
        rows = await self.read(cypher.EDGES_OF, heads=list(events))
        return [_triple(head, edge) for head, *edge in rows if edge[0] in RELATIONS]

    async def set_scores(self, triples: Sequence[Triple], p_valid: Sequence[float], critic: str) -> int:
        rows = [
            [t.head, t.relation.value, t.tail, -1.0 if t.p_valid is None else t.p_valid, t.critic or "", score]
            for t, score in zip(triples, p_valid, strict=True)
        ]
        [[changed]] = await self.write(cypher.SET_SCORES, rows=rows, critic=critic)
        return changed

    async def load(self, staging: Staging, progress: Progress) -> Counts:
        total, done = Counts(), 0
        for batch in batches(staging):
            progress("writing the graph", done, staging.incoming)
            total += await self._write(lambda tx, rows=batch: add_rows(tx, rows, self._min_link))
            done += len(batch)
        await self.execute(cypher.AWAIT)
        return total

    async def forget(self, origin: str, progress: Progress = silent) -> Forgotten:
        """One transaction per event. After a stop, a second call finds the rest."""
        heads = [head for (head,) in await self._write(partial(all_rows, query=cypher.HEADS_OF, origin=origin))]
        if not heads:
            origins = await self._write(partial(all_rows, query=cypher.ORIGINS))
            raise unknown_origin(origin, [name for (name,) in origins])
        total = Forgotten()
        for start in range(0, len(heads), EVENTS):
            progress("forgetting", start, len(heads))
            total += await self._write(
                partial(forget, origin=origin, heads=heads[start : start + EVENTS], min_link=self._min_link)
            )
        return total

    async def link(self, progress: Progress = silent) -> LinkReport:
        return await link_all(self.read, self.write, self._min_link, progress)

    async def query(self, text: str, parameters: Mapping[str, Any], limit: int | None = None) -> Rows:
        return await self.readers.ask(text, parameters, limit)

    async def _is_running(self, query: str) -> bool:
        [[number]] = await self.read(RUNNING, id=query)
        return number > 0

    async def stats(self) -> Stats:
        async def count(query: str) -> int:
            return (await self.read(query))[0][0]

        return Stats(
            events=await count(count_nodes("Event")),
            inferences=await count(count_nodes("Inference")),
            triples={relation: await count(count_edges(relation.value)) for relation in RELATIONS},
            not_applicable=await count(count_edges(NOT_APPLICABLE)),
            unknown_relations={
                name: edges
                for name, *_ in await self.read(STORED_RELATIONS)
                if name not in RELATIONS and (edges := await count(count_edges(name)) + await count(count_nones(name)))
            },
        )

    async def close(self) -> None:
        await self.readers.close()
        await self._driver.close()

    async def execute(self, query: str) -> None:
        """Run a statement about indexes. Neo4j allows none of them in a managed transaction."""
        async with _translated(self.address):
            await self._execute(query)

    async def write(self, query: str, **parameters: Any) -> list[list[Any]]:
        """All rows of a writing query."""
        return await self._write(partial(all_rows, query=query, **parameters))

    async def _execute(self, query: str, **parameters: Any) -> None:
        await self._driver.execute_query(cast(LiteralString, query), parameters, database_=self._database)

    async def read(self, query: str, *, seconds: float | None = READ_SECONDS, **parameters: Any) -> list[list[Any]]:
        """All rows of a reading query. seconds: its time limit, None for none."""

        async def work(tx: neo4j.AsyncManagedTransaction) -> list[list[Any]]:
            return await all_rows(tx, query, **parameters)

        async with _translated(self.address), self._session(neo4j.READ_ACCESS) as session:
            return await session.execute_read(neo4j.unit_of_work(timeout=0 if seconds is None else seconds)(work))

    async def _read_at_once(self, query: str, **parameters: Any) -> list[list[Any]]:
        """The same as `read` in one round trip, where a transaction takes three. A second try is a transaction."""
        async with _translated(self.address):
            try:
                async with self._session(neo4j.READ_ACCESS) as session:
                    text = neo4j.Query(cast(LiteralString, query), timeout=READ_SECONDS)
                    return [record.values() async for record in await session.run(text, parameters)]
            except (Neo4jError, DriverError) as error:
                if not error.is_retryable():
                    raise
        return await self.read(query, **parameters)

    async def _write(self, work: Callable[[neo4j.AsyncManagedTransaction], Awaitable[T]]) -> T:
        async with _translated(self.address), self._session(neo4j.WRITE_ACCESS) as session:
            return await session.execute_write(work)

    def _session(self, access: str) -> neo4j.AsyncSession:
        return self._driver.session(  # pyright: ignore[reportUnknownMemberType] (untyped **config)
            database=self._database, default_access_mode=access
        )


def _parameters(search: Search) -> dict[str, Any]:
    return {"prefix": search.prefix, "limit": search.limit, "generated": search.generated}


def _triple(head: str, edge: list[Any]) -> Triple:
    name, tail, p_valid, split, valid, *recalls, log_prob, origins, critic = edge
    tail, names = NONE if tail is None else tail, tuple(origins or ())
    return Triple(head, Relation(name), tail, split, p_valid, valid, tuple(recalls), names, log_prob, critic)
