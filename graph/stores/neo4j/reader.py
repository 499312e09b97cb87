"""Neo4j in a reader process, for strangers' queries: a large value fills the memory of this process alone."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, LiteralString, cast

import cachetools
import neo4j
from neo4j.exceptions import AuthError, DriverError, Neo4jError, ServiceUnavailable, SessionExpired
from neo4j.graph import Node, Path, Relationship

from graph.links import READINGS
from graph.query.child import EndedError, RefusedError, Request, UnavailableError
from graph.query.fence import Statement
from graph.query.values import Budget
from graph.stores.neo4j.plan import forbidden

FETCHED = 100
"""Rows of one round trip."""
_PLANS = 1_000
"""Texts of strangers with a plan that has passed."""
_POSITION = re.compile(r"\(line (\d+), column (\d+)")
_OURS = "cometgraph_query"
"""The name of a query in the metadata of its transaction. See RUNNING in graph/stores/neo4j/store.py."""
HIDDEN = frozenset(("embedding", "link_key", *(f"link_key_{reading}" for reading in READINGS)))
"""Properties of nodes that strangers do not see: vectors and link keys."""


def open_reader(address: str, user: str, password: str, database: str | None) -> "Neo4jReader":
    """The reader of a server. Raises UnavailableError."""
    driver = neo4j.GraphDatabase.driver(  # pyright: ignore[reportUnknownMemberType] (untyped **config)
        address,
        auth=(user, password) if password else None,
        connection_timeout=5.0,
        max_connection_pool_size=1,
        user_agent="cometgraph",
        notifications_min_severity="OFF",
    )
    driver.verify_connectivity()  # pyright: ignore[reportUnknownMemberType]
    return Neo4jReader(driver, database)


class Neo4jReader:
    """See graph.query.child.ReaderStore."""

    def __init__(self, driver: neo4j.Driver, database: str | None) -> None:
        self._driver = driver
        self._database = database
        self._session: neo4j.Session | None = None
        self._planned: cachetools.LRUCache[str, bool] = cachetools.LRUCache(_PLANS)
        self._texts: dict[str, str] = {}
        self._edges: list[tuple[dict[str, Any], Relationship]] = []

    def seal(self) -> None:
        """Nothing: it needs the network, and no query runs in this process."""

    def opened(self, *, alone: bool = False) -> AbstractContextManager[None]:  # noqa: ARG002 (as the protocol)
        """Nothing: the server has one state."""
        return nullcontext()

    def answer(self, statement: Statement, request: Request) -> tuple[list[str], Iterator[list[Any]]]:
        self._close()
        self._texts, self._edges = {}, []
        try:
            session = self._session = self._driver.session(  # pyright: ignore[reportUnknownMemberType]
                database=self._database, default_access_mode=neo4j.READ_ACCESS, fetch_size=FETCHED
            )
            self._check_plan(session, statement, request)
            result = session.run(_query(statement.text, request), statement.parameters)
            return list(result.keys()), self._rows(result)
        except (Neo4jError, DriverError, OSError) as error:
            raise _translated(error) from error

    def _check_plan(self, session: neo4j.Session, statement: Statement, request: Request) -> None:
        """Raises RefusedError for a plan with anything outside the lists. A text that passed is remembered."""
        if statement.text in self._planned:
            return
        summary = session.run(_query(f"EXPLAIN {statement.text}", request), statement.parameters).consume()
        plan = cast(dict[str, Any] | None, summary.plan)  # pyright: ignore[reportUnknownMemberType]
        if summary.query_type != "r" or plan is None:
            raise RefusedError(f"the query is no read (type {summary.query_type})")
        if (name := forbidden(plan)) is not None:
            raise RefusedError(f"the plan of the query has {name}, which is not allowed")
        self._planned[statement.text] = True

    def plain(self, value: Any, budget: Budget) -> Any:
        if isinstance(value, Node):
            node = budget.plain({"label": ":".join(sorted(value.labels)), **_shown(value)})
            self._texts[value.element_id] = node.get("text", node.get("name", ""))
            return node
        if isinstance(value, Relationship):
            edge = {"type": value.type, "from": "", "to": ""} | budget.plain(_shown(value))
            self._edges.append((edge, value))
            return edge
        if isinstance(value, Path):
            return [self.plain(one, budget) for one in _alternating(value)]
        if isinstance(value, list):
            return [self.plain(one, budget) for one in cast(list[Any], value) if budget.has_room()]
        if isinstance(value, dict):
            values = cast(dict[str, Any], value)
            return {key: self.plain(one, budget) for key, one in values.items() if budget.has_room()}
        return budget.plain(value)

    def finish(self) -> None:
        """Fill in the ends of edges. One more round trip, where the result has an edge without its nodes."""
        ends = {end.element_id for _, edge in self._edges for end in edge.nodes if end is not None}
        missing = sorted(ends - self._texts.keys())
        self._close()
        if missing:
            query = "MATCH (n) WHERE elementId(n) IN $ids RETURN elementId(n), coalesce(n.text, n.name, '')"
            with self._driver.session(database=self._database, default_access_mode=neo4j.READ_ACCESS) as session:  # pyright: ignore[reportUnknownMemberType]
                self._texts |= dict(record.values() for record in session.run(query, ids=missing))
        for shown, edge in self._edges:
            source, target = (self._texts[end.element_id] if end is not None else "" for end in edge.nodes)
            shown["from"], shown["to"] = source, target

    def is_valid(self) -> bool:
        return True

    def _rows(self, result: neo4j.Result) -> Iterator[list[Any]]:
        try:
            for record in result:
                yield list(record.values())
        except (Neo4jError, DriverError, OSError) as error:
            raise _translated(error) from error

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def _query(text: str, request: Request) -> neo4j.Query:
    return neo4j.Query(cast(LiteralString, text), metadata={_OURS: request.id}, timeout=request.seconds)


def _shown(entity: Node | Relationship) -> dict[str, Any]:
    """The properties for strangers: vectors and link keys are no use to them."""
    return {key: value for key, value in sorted(entity.items()) if key not in HIDDEN}


def _alternating(path: Path) -> Iterator[Any]:
    for node, edge in zip(path.nodes, path.relationships, strict=False):
        yield node
        yield edge
    yield path.end_node


def _translated(error: Exception) -> Exception:
    """An error of the driver: the caller's fault, the end of its time or memory, or a server that does not answer."""
    if isinstance(error, AuthError | ServiceUnavailable | SessionExpired) or not isinstance(error, Neo4jError):
        return UnavailableError(f"the server does not answer: {type(error).__name__}")
    code, message = error.code or "", error.message or ""
    if "TransactionTimedOut" in code or "Terminated" in code or "TransactionInterrupted" in code:
        return EndedError("the query ran out of time")
    if "Memory" in code or "StackOverFlow" in code:
        return EndedError("the query ran out of memory")
    if code.startswith("Neo.ClientError"):
        found = _POSITION.search(message)
        line, column = map(int, found.groups()) if found else (0, 0)
        return RefusedError(message.splitlines()[0].partition(" (line ")[0] if message else code, line, column)
    return UnavailableError(f"the server failed: {code}")
