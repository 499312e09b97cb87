"""The drivers of both stores alone, and their values as a service shows them."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any, LiteralString, Protocol, cast

import ladybug
import neo4j
from neo4j.graph import Node, Relationship
from neo4j.graph import Path as GraphPath

from graph.stores.embedded.folder import read_manifest
from graph.stores.neo4j.reader import HIDDEN


class Alone(Protocol):
    """A driver."""

    def rows(self, text: str, parameters: Mapping[str, Any]) -> list[list[Any]]:
        """The rows of a query, as the driver has them."""
        ...

    def shown(self, value: Any) -> Any:
        """A value as JSON."""
        ...


@contextmanager
def embedded(folder: Path) -> Generator[Alone]:
    """Ladybug in this process."""
    manifest = read_manifest(folder)
    assert manifest is not None
    database = ladybug.Database(folder / manifest.graph, read_only=True)
    connection = ladybug.Connection(database, num_threads=1)
    try:
        yield _Embedded(connection)
    finally:
        connection.close()
        database.close()


@contextmanager
def server(address: str, password: str) -> Generator[Alone]:
    """The driver of Neo4j, with one session."""
    with (
        neo4j.GraphDatabase.driver(address, auth=("neo4j", password), notifications_min_severity="OFF") as driver,  # pyright: ignore[reportUnknownMemberType]
        driver.session(default_access_mode=neo4j.READ_ACCESS) as session,  # pyright: ignore[reportUnknownMemberType]
    ):
        yield _Server(session)


class _Embedded:
    def __init__(self, connection: ladybug.Connection) -> None:
        self._connection = connection

    @cached_property
    def _texts(self) -> dict[tuple[int, int], str]:
        rows = self.rows("MATCH (n) RETURN n", {})
        return {_key(node["_ID"]): node.get("text") or node["name"] for (node,) in rows}

    def rows(self, text: str, parameters: Mapping[str, Any]) -> list[list[Any]]:
        result = self._connection.execute(text, dict(parameters))
        assert not isinstance(result, list)
        return cast(list[list[Any]], result.get_all())

    def shown(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.shown(one) for one in cast(list[Any], value)]
        if not isinstance(value, dict):
            return value
        parts = cast(dict[str, Any], value)
        if "_NODES" in parts:
            return self.shown(_in_turn(parts["_NODES"], parts["_RELS"]))
        own = {key: one for key, one in parts.items() if key[0] != "_" and one is not None}
        if "_SRC" in parts:
            ends = {"from": self._texts[_key(parts["_SRC"])], "to": self._texts[_key(parts["_DST"])]}
            return {"type": parts["_LABEL"]} | ends | own
        if "_ID" in parts:
            return {"label": parts["_LABEL"]} | own
        return {key: self.shown(one) for key, one in parts.items()}


class _Server:
    def __init__(self, session: neo4j.Session) -> None:
        self._session = session
        rows = self.rows("MATCH (n) RETURN elementId(n), coalesce(n.text, n.name)", {})
        self._texts: dict[str, str] = dict(cast(list[tuple[str, str]], rows))

    def rows(self, text: str, parameters: Mapping[str, Any]) -> list[list[Any]]:
        result = self._session.run(cast(LiteralString, text), dict(parameters))
        return [list(record.values()) for record in result]

    def shown(self, value: Any) -> Any:
        if isinstance(value, Node):
            return {"label": ":".join(value.labels)} | {key: one for key, one in value.items() if key not in HIDDEN}
        if isinstance(value, Relationship):
            start, end = (self._texts[one.element_id] for one in value.nodes if one is not None)
            return {"type": value.type, "from": start, "to": end} | dict(value.items())
        if isinstance(value, GraphPath):
            return self.shown(_in_turn(value.nodes, value.relationships))
        if isinstance(value, list):
            return [self.shown(one) for one in cast(list[Any], value)]
        if isinstance(value, dict):
            return {key: self.shown(one) for key, one in cast(dict[str, Any], value).items()}
        return value


def _key(number: Mapping[str, int]) -> tuple[int, int]:
    return number["table"], number["offset"]


def _in_turn(nodes: Sequence[Any], edges: Sequence[Any]) -> list[Any]:
    return [one for pair in zip_longest(nodes, edges) for one in pair if one is not None]
