"""Walks through the graph: their speed, the same best paths as networkx, and whether a reader accepts them.

The functions `expand` and `paths` of the service answer in this process, without HTTP. Beside them:

- the driver of the embedded store: /expand as a script with a query for each event, /paths as one query for all paths,
  in no order.
- networkx, with the links of the whole store in memory: all paths of a pair, best first. Its five best are the right
  ones.

On Neo4j, a relay counts the round trips of /expand. benchmarks/paths.tsv has the labels of paths, see paths_draw.py.
--draw writes paths for labelling, --keep keeps their labels.
"""

import argparse
import asyncio
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import cypher_alone, paths_draw
from benchmarks.paths_graph import pairs_at_random, pairs_by_walks, read_whole
from benchmarks.paths_speed import DEPTH, LENGTH, WIDTH, Agreement, K, Speed, expand_speed, paths_speed
from benchmarks.processes import COMETGRAPH, run
from benchmarks.report import Goal, finish, parser, say, show
from graph.sample import SAMPLE
from graph.stores.protocol import Search
from schemas.paths import ExpandQuestion
from service.answering.caller import LOCAL
from service.answering.expand import expand
from service.runtime.resources import Resources, open_resources
from service.settings import Settings
from tests.support.neo4j_server import Neo4jServer
from tests.support.relay import Relay

_ASKED = 200
_UNRELATED = 40
"""Pairs of unrelated events among those asked."""
_ON_NEO4J = 100
"""Events asked for the round trips. Those with a walk of three levels count."""


def main() -> None:
    """The command."""
    options = parser("paths", __doc__)
    options.add_argument("data", metavar="FILE", help="ATOMIC-2020 as gzipped TSV: head, relation, tail")
    options.add_argument("--store", metavar="FOLDER", help="a store with FILE, else it is loaded into a temporary one")
    options.add_argument("--no-neo4j", action="store_true", help="the embedded store alone")
    options.add_argument("--draw", type=Path, metavar="OUT", help="write paths for labelling to OUT, and stop")
    options.add_argument("--keep", type=Path, metavar="OUT", help="keep the labels of OUT, and stop")
    params = options.parse_args()
    if params.keep:
        paths_draw.keep(params.keep)
        return
    with TemporaryDirectory(prefix="cometgraph-paths-") as folder:
        if params.store is None:
            params.store = str(Path(folder) / "store")
            say(f"embedded: loading {Path(params.data).name}")
            run([COMETGRAPH, "load", params.data, "--store", params.store])
        if params.draw:
            asyncio.run(_draw(params))
        else:
            _report(params, Path(folder))


async def _draw(params: argparse.Namespace) -> None:
    async with open_resources(_settings(params.store), read_only=True) as resources:
        paths_draw.draw(await read_whole(resources.store), params.draw, params.seed)


def _report(params: argparse.Namespace, folder: Path) -> None:
    load = os.getloadavg()[0]
    measured, goals = asyncio.run(_embedded(params.store, params.seed))
    if not params.no_neo4j:
        turns = _neo4j(folder)
        measured["round trips on neo4j"] = turns
        of_level = (turns["/expand"] - turns["query"]) / DEPTH
        goals.append(Goal("neo4j: queries of a level", of_level / turns["query"], "≤", 1, ""))
        goals.append(Goal("neo4j: round trips of a level", of_level, "≤", 1, ""))
    measured["labels"], of_labels = paths_draw.accepted()
    settings = {"data": Path(params.data).name, "asked": _ASKED, "unrelated": _UNRELATED, "load_before": round(load, 2)}
    finish("paths", params.output, {"settings": settings, "measured": measured}, [*goals, *of_labels])


async def _embedded(store: str, seed: int) -> tuple[dict[str, Any], list[Goal]]:
    """Speed and agreement on an embedded store."""
    rng = random.Random(seed)
    async with open_resources(_settings(store), read_only=True) as resources:
        say("embedded: reading all steps")
        started = time.perf_counter()
        whole = await read_whole(resources.store)
        seconds = time.perf_counter() - started
        events = rng.sample(whole.events, _ASKED)
        pairs = pairs_by_walks(whole, _ASKED - _UNRELATED, rng) + pairs_at_random(whole, _UNRELATED, rng)
        with cypher_alone.embedded(Path(store)) as alone:
            say(f"embedded: /expand of {len(events)} events, /paths of {len(pairs)} pairs")
            await expand_speed(events[:1], resources, alone)  # warms up
            expanding = await expand_speed(events, resources, alone)
            await paths_speed(pairs[:1], whole, resources, alone)
            walking, agreement = await paths_speed(pairs, whole, resources, alone)
    _show(expanding, walking, agreement)
    measured = {
        "whole": {"events": len(whole.events), "edges": whole.graph.number_of_edges(), "read_seconds": round(seconds)},
        "/expand": expanding.as_dict(),
        "/paths": walking.as_dict(),
        "best paths": agreement.as_dict(),
    }
    goals = [
        Goal("/expand: p50", expanding.ms(50)["ours"], "≤", 20, "ms"),
        Goal("/paths: p50", walking.ms(50)["ours"], "≤", 50, "ms"),
        Goal("/paths: p99", walking.ms(99)["ours"], "≤", 500, "ms"),
        Goal("the five best paths of networkx", 100 * agreement.share, "≥", 100, "% of pairs"),
    ]
    return measured, goals


def _neo4j(folder: Path) -> dict[str, int]:
    """The round trips of /expand on the sample graph."""
    server = Neo4jServer(folder / "neo4j").start()
    relay = Relay(int(server.uri.rpartition(":")[2]))
    try:
        say("neo4j: loading the sample graph")
        run([COMETGRAPH, "load", str(SAMPLE), "--store", server.uri], {"COMETGRAPH_NEO4J_PASSWORD": server.password})
        return asyncio.run(_turns(_settings(f"bolt://127.0.0.1:{relay.port}", server.password), relay))
    finally:
        relay.stop()
        server.stop()


async def _turns(settings: Settings, relay: Relay) -> dict[str, int]:
    """The most round trips of /expand with all levels, and those of one query, such as the first one of /expand."""
    async with open_resources(settings, read_only=True) as resources:
        events = await resources.store.events(Search(limit=_ON_NEO4J))
        await _levels(events[0], resources)  # connects
        turns = list[int]()
        for event in events:
            before = relay.turns
            if await _levels(event, resources) == DEPTH:
                turns.append(relay.turns - before)
        before = relay.turns
        await resources.store.visible(events[:1])
        return {"events": len(turns), "/expand": max(turns), "query": relay.turns - before}


async def _levels(event: str, resources: Resources) -> int:
    """The number of levels of /expand."""
    found = await expand(ExpandQuestion(event=event, as_is=True, depth=DEPTH, width=WIDTH), resources, LOCAL)
    return max(node.depth for node in found.nodes)


def _settings(store: str, password: str = "") -> Settings:
    return Settings.model_validate({"store": store, "neo4j_password": password, "generate": False, "match": False})


def _show(expanding: Speed, walking: Speed, agreement: Agreement) -> None:
    names = {f"/expand, depth {DEPTH}, width {WIDTH}": expanding, f"/paths, k {K}, length {LENGTH}": walking}
    rows: list[Sequence[str]] = []
    for name, speed in names.items():
        p50, p99 = speed.ms(50), speed.ms(99)
        rows += [
            (f"{name}: {side}", f"{p50[side]:.2f}", f"{p99[side]:.2f}", f"{p50['ours'] / p50[side]:.2f} ×")
            for side in p50
        ]
    show("Milliseconds", ["", "p50", "p99", "ours beside it"], rows)
    by_paths = [(str(n), str(pairs)) for n, pairs in sorted(agreement.by_paths.items())]
    show(f"Pairs, best {K} paths by networkx", ["paths", "pairs"], by_paths)
    for line in agreement.different:
        say(line)


if __name__ == "__main__":
    main()
