"""Cypher of strangers: 200 harmless queries beside the driver alone, and a service under hostile ones.

Each store answers the queries through `Store.query`, and the driver of the store answers them in this process: the
share answered, the same rows, and the time of both. On Neo4j, plans are remembered after the first round, and the round
trips of both are counted. Then ten clients type hostile statements into a service with the embedded store, while four
ask /infer for stored events.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks import cypher_alone, cypher_crowd, wrk
from benchmarks.cypher_alone import Alone
from benchmarks.cypher_queries import Query, queries, same
from benchmarks.processes import COMETGRAPH, run
from benchmarks.report import Goal, finish, parser, say, show
from graph.query.functions import Dialect
from graph.query.request import QueryLimits
from graph.stores.connect import open_store
from graph.stores.protocol import Neo4jLogin, Store
from schemas.errors import CometgraphError
from tests.support.neo4j_server import Neo4jServer
from tests.support.relay import Relay

LIMITS = QueryLimits(seconds=30, ahead=True)
"""More time than a service gives: what counts here is the time of both."""
_SAMPLE = Path(__file__).parent.parent / "graph" / "sample.jsonl"


@dataclass(slots=True)
class Measured:
    """What was heard of one store. Seconds of each call, in all rounds but the first."""

    kind: Dialect
    queries: int = 0
    unanswered: list[str] = field(default_factory=list[str])
    different: list[str] = field(default_factory=list[str])
    ours: list[float] = field(default_factory=list[float])
    alone: list[float] = field(default_factory=list[float])
    turns: tuple[int, int] | None = None
    """Round trips of one round, of ours and of the driver alone."""

    def as_dict(self) -> dict[str, Any]:
        measured: dict[str, Any] = {
            "queries": self.queries,
            "answered": self.queries - len(self.unanswered),
            "unanswered": self.unanswered,
            "other rows": self.different,
            "p50_ms": {"ours": _ms(self.ours, 50), "driver": _ms(self.alone, 50)},
            "p99_ms": {"ours": _ms(self.ours, 99), "driver": _ms(self.alone, 99)},
            "median difference_ms": round(1000 * self.difference, 3),
            "ratio of p50": round(_ms(self.ours, 50) / _ms(self.alone, 50), 3),
        }
        return measured if self.turns is None else measured | {"round trips": dict(zip(SIDES, self.turns, strict=True))}

    @property
    def difference(self) -> float:
        """Median of what ours takes longer, in seconds."""
        return median(a - b for a, b in zip(self.ours, self.alone, strict=True))

    def goals(self) -> list[Goal]:
        """Shares, and the cost of the fences."""
        answered = self.queries - len(self.unanswered)
        goals = [
            Goal(f"{self.kind}: answered", 100 * answered / self.queries, "≥", 99, "%"),
            Goal(f"{self.kind}: same rows, of the answered", 100 * (1 - len(self.different) / answered), "≥", 100, "%"),
        ]
        if self.turns is None:
            behind = _ms(self.ours, 50) - _ms(self.alone, 50)
            return [*goals, Goal(f"{self.kind}: p50 behind the driver", behind, "≤", 3, "ms")]
        extra = (self.turns[0] - self.turns[1]) / self.queries
        return [*goals, Goal(f"{self.kind}: extra round trips of a query", extra, "≤", 1, "")]


SIDES = ("ours", "driver")


def main() -> None:
    """The command."""
    options = parser("cypher", __doc__)
    options.add_argument("--data", metavar="FILE", default=str(_SAMPLE), help="triples, default the sample graph")
    options.add_argument("--rounds", type=int, default=5, metavar="N", help="of all queries, default 5")
    options.add_argument("--no-neo4j", action="store_true", help="the embedded store alone")
    options.add_argument(
        "--hostile-seconds", type=int, default=180, metavar="N", help="of hostile clients, default 180, 0 for none"
    )
    said = options.parse_args()
    if said.hostile_seconds:
        wrk.check_installed()
    with TemporaryDirectory(prefix="cometgraph-cypher-") as folder:
        _measure(said, Path(folder))


def _measure(said: argparse.Namespace, folder: Path) -> None:
    load = os.getloadavg()[0]
    store = folder / "store"
    say(f"embedded: loading {Path(said.data).name}")
    run([COMETGRAPH, "load", said.data, "--store", str(store)])
    with cypher_alone.embedded(store) as alone:
        found = [asyncio.run(_compare("embedded", str(store), None, alone, said.rounds, None))]
    if not said.no_neo4j:
        found.append(_on_neo4j(said, folder))
    goals = [goal for one in found for goal in one.goals()]
    measured: dict[str, Any] = {one.kind: one.as_dict() for one in found}
    _show(found)
    if said.hostile_seconds:
        crowd = cypher_crowd.measure(store, folder, said.hostile_seconds, said.seed)
        measured["hostile"] = crowd.as_dict()
        crowd.show()
        goals += crowd.goals()
    settings = {"data": Path(said.data).name, "rounds": said.rounds, "load_before": round(load, 2)}
    finish("cypher", said.output, {"settings": settings, "measured": measured}, goals)


def _on_neo4j(said: argparse.Namespace, folder: Path) -> Measured:
    server = Neo4jServer(folder / "neo4j").start()
    relay = Relay(int(server.uri.rpartition(":")[2]))
    address = f"bolt://127.0.0.1:{relay.port}"
    try:
        say("neo4j: loading")
        run([COMETGRAPH, "load", said.data, "--store", server.uri], {"COMETGRAPH_NEO4J_PASSWORD": server.password})
        with cypher_alone.server(address, server.password) as alone:
            login = Neo4jLogin(password=server.password)
            return asyncio.run(_compare("neo4j", address, login, alone, said.rounds, relay))
    finally:
        relay.stop()
        server.stop()


async def _compare(
    kind: Dialect, address: str, login: Neo4jLogin | None, alone: Alone, rounds: int, relay: Relay | None
) -> Measured:
    """Ask both sides each query in turn. The first round compares the rows, and warms up."""
    found = Measured(kind)
    async with open_store(address, login=login, read_only=True, queries=LIMITS) as store:
        asked = queries(kind)
        say(f"{kind}: {len(asked)} queries, the first round")
        found.queries = len(asked)
        answered = [query for query in asked if await _agrees(store, query, alone, found)]
        for n in range(rounds):
            say(f"{kind}: round {n + 1}")
            await _timed(store, answered, alone, found)
        if relay is not None:
            found.turns = await _turns(store, answered, alone, relay, kind)
    return found


async def _agrees(store: Store, query: Query, alone: Alone, found: Measured) -> bool:
    """Compare the rows. False: one of the two does not answer."""
    try:
        ours = await store.query(query.text, query.parameters)
    except CometgraphError as error:
        found.unanswered.append(f"{query.text}: {error}")
        return False
    rows = alone.rows(query.for_driver(found.kind, LIMITS.rows), query.parameters)[: LIMITS.rows]
    if not same(query, ours.rows, [[alone.shown(value) for value in row] for row in rows]):
        found.different.append(query.text)
    return True


async def _timed(store: Store, asked: Sequence[Query], alone: Alone, found: Measured) -> None:
    for query in asked:
        text = query.for_driver(found.kind, LIMITS.rows)
        began = time.perf_counter()
        await store.query(query.text, query.parameters)
        between = time.perf_counter()
        alone.rows(text, query.parameters)
        found.ours.append(between - began)
        found.alone.append(time.perf_counter() - between)


async def _turns(store: Store, asked: Sequence[Query], alone: Alone, relay: Relay, kind: Dialect) -> tuple[int, int]:
    """Round trips of one round, of ours and of the driver alone."""
    first = relay.turns
    for query in asked:
        await store.query(query.text, query.parameters)
    between = relay.turns
    for query in asked:
        alone.rows(query.for_driver(kind, LIMITS.rows), query.parameters)
    return between - first, relay.turns - between


def _ms(seconds: Sequence[float], percent: int) -> float:
    return round(1000 * float(np.percentile(seconds, percent)), 3)


def _show(found: Sequence[Measured]) -> None:
    rows = [
        [one.kind, f"{one.queries - len(one.unanswered)} of {one.queries}", f"{len(one.different)}",
         f"{_ms(one.ours, 50):.2f}", f"{_ms(one.alone, 50):.2f}", f"{_ms(one.ours, 99):.1f}",
         f"{_ms(one.alone, 99):.1f}", f"{1000 * one.difference:.2f}"]
        for one in found
    ]  # fmt: skip
    columns = ["", "answered", "other rows", "p50 ms", "driver", "p99 ms", "driver", "difference"]
    show("Harmless queries", columns, rows)
    for one in found:
        for line in (*one.unanswered, *one.different):
            say(line)


if __name__ == "__main__":
    main()
