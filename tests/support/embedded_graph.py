"""An embedded store, read by ladybug and SQLite themselves."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import ladybug

from graph.stores.embedded import cypher
from graph.tables.columns import RELATION_NAMES


def digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def embedded_graph(folder: Path) -> tuple[str, str]:
    """Everything in the graph and its index, as ladybug and SQLite say themselves."""
    number = json.loads((folder / "store.json").read_text())["number"]
    database = ladybug.Database(folder / f"graph-{number}.lbug", read_only=True)
    connection = ladybug.Connection(database)
    lines = [
        f"{name} {row}" for name in [*RELATION_NAMES, None] for row in connection.execute(cypher.scan(name)).get_all()
    ]
    for query in (
        cypher.EVENTS,
        "MATCH (i:Inference) RETURN i.text",
        f"MATCH (i:Inference)-[:{cypher.AS_EVENT}]->(e:Event) RETURN i.text, e.text",
    ):
        lines += [f"{query} {row}" for row in connection.execute(query).get_all()]
    connection.close()
    database.close()
    with sqlite3.connect(folder / f"events-{number}.sqlite") as index:
        indexed = [f"{text} {generated}" for text, generated in index.execute("SELECT text, generated FROM event")]
        assert index.execute("SELECT count(*) FROM turning").fetchone() == (0,)
        assert index.execute("SELECT count(*) FROM words WHERE words MATCH 'waits'").fetchone() == (len(indexed),)
    index.close()
    return digest(lines), digest(indexed)
