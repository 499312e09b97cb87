"""Requests a second of GET /infer, beside a bare FastAPI route that returns the bytes of a typical answer.

Both are asked by wrk in turns, 16 connections, the same paths in the same order: one relation of events drawn
uniformly, and by Zipf's law (exponent 1) as questions of people are. The store is the embedded one, one worker, with
student, index and judge up. It has the train rows alone. So the heads of the others are events that it does not know:
the last comparison is cached answers while two clients ask for those, and the same without them.
"""

import argparse
import asyncio
import os
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import httpx2
import numpy as np

from benchmarks import data, wrk
from benchmarks.clients import questions
from benchmarks.processes import COMETGRAPH, await_ready, module, run, serving
from benchmarks.report import Goal, finish, parser, say, show
from benchmarks.unseen import Unseen
from benchmarks.wrk import Compared, Load, Side
from graph.stores.connect import open_store
from graph.stores.protocol import Lookup, Search
from schemas.relations import RELATIONS, Relation

DRAWS = 200_000
_WARM_UP = 3
_SLOWEST = 1000
"""Requests a second that every machine makes: so long is each path asked once, to have its answer in the cache."""
_SAMPLED = 500
_OURS, _BARE, _MIXED, _ALONE = "cometgraph", "bare route", "with unseen", "without"


def main() -> None:
    """The command."""
    options = parser("service", __doc__)
    options.add_argument("--data", metavar="FILE", help="triples to serve, else generated ones")
    options.add_argument("--triples", type=int, default=1_000_000, metavar="N", help="how many to generate")
    options.add_argument(
        "--relation", default="xIntent", choices=[r.value for r in RELATIONS], metavar="NAME", help="default xIntent"
    )
    options.add_argument("--rounds", type=int, default=3, metavar="N", help="of each server, default 3")
    options.add_argument("--seconds", type=int, default=8, metavar="N", help="of a round, default 8")
    options.add_argument("--connections", type=int, default=16, metavar="N", help="at once, default 16")
    options.add_argument("--cache-entries", type=int, metavar="N", help="of cometgraph serve; else its default")
    said = options.parse_args()
    wrk.check_installed()
    with TemporaryDirectory(prefix="cometgraph-service-") as folder:
        measure(said, Path(folder))


def measure(said: argparse.Namespace, folder: Path) -> None:
    """Load, draw, ask both, report."""
    load_average = os.getloadavg()
    say(f"load average of the machine: {load_average[0]:.2f}")
    store = folder / "store"
    file = Path(said.data) if said.data else folder / "triples.jsonl"
    if not said.data:
        say(f"generating {said.triples:,} triples")
        data.write(file, said.triples, said.seed)
    say(f"loading the train rows of {file.name}")
    run([COMETGRAPH, "load", str(file), "--store", str(store), "--split", "train"])
    relation = Relation(said.relation)
    paths = asyncio.run(_paths(store, relation))
    unseen = asyncio.run(_unseen(store, str(file), relation, said.seed))
    draws = _draws(paths, folder, said.seed)
    serve = [COMETGRAPH, "serve", "--store", str(store), "--port", "0", "--log-level", "warning"]
    cached = serve if said.cache_entries is None else [*serve, "--cache-entries", str(said.cache_entries)]
    load = Load(said.rounds, said.seconds, said.connections)
    compared: list[Compared] = []

    with serving([*serve, "--cache-entries", "0"]) as ours:
        say("waiting until student, index and judge are up")
        await_ready(ours)
        body = _typical(ours, paths, said.seed)
        (folder / "body.json").write_bytes(body)
        bare_command = module("benchmarks.bare", str(folder / "body.json"))
        with serving(bare_command) as bare:
            compared += _beside_bare(", no cache", draws, _WARM_UP, ours, bare, load)
    with serving(cached) as ours, serving(bare_command) as bare:
        await_ready(ours)
        compared += _beside_bare("", draws, max(_WARM_UP, len(paths) // _SLOWEST), ours, bare, load)
        asking = Unseen(ours, iter(unseen))
        sides = Side(_MIXED, ours, asking.asking), Side(_ALONE, ours, nullcontext)
        compared.append(wrk.compare("zipf, cached", draws["zipf"], DRAWS, sides, load))
    sizes = {"file": file.name if said.data else "generated data", "events_with_relation": len(paths),
             "unseen_events": len(unseen), "body_bytes": len(body)}  # fmt: skip
    _report(said, load_average[0], sizes, compared, asking)


def _beside_bare(what: str, draws: dict[str, Path], warm_up: int, ours: str, bare: str, load: Load) -> list[Compared]:
    for address, seconds in ((ours, warm_up), (bare, _WARM_UP)):
        wrk.ask(address, draws["each"], 0, load.connections, seconds)
    sides = Side(_OURS, ours, nullcontext), Side(_BARE, bare, nullcontext)
    return [wrk.compare(f"{name}{what}", draws[name], DRAWS, sides, load) for name in ("uniform", "zipf")]


async def _paths(store: Path, relation: Relation) -> list[str]:
    """The question for each event that has inferences of the relation."""
    async with open_store(str(store), read_only=True) as opened:
        events = iter(await opened.events(Search((await opened.stats()).events, generated=True)))
        found: list[str] = []
        while some := list(islice(events, 1000)):
            tails = await opened.tails([Lookup(event, (relation,), 1) for event in some])
            found += [event for event, known in zip(some, tails, strict=True) if known and known.triples]
    if not found:
        raise SystemExit(f"no event of these data has the relation {relation}")
    return [_path(event, relation) for event in found]


async def _unseen(store: Path, file: str, relation: Relation, seed: int) -> list[str]:
    """The question for each head of the other rows that the store does not have, in no order."""
    heads = list(dict.fromkeys(question.event for question in questions(file)))
    async with open_store(str(store), read_only=True) as opened:
        tails = await opened.tails([Lookup(head, (relation,), 1) for head in heads])
    unknown = [head for head, known in zip(heads, tails, strict=True) if known is None]
    np.random.default_rng(seed).shuffle(unknown)
    return [_path(head, relation) for head in unknown]


def _path(event: str, relation: Relation) -> str:
    return f"/infer?event={quote(event, safe='')}&relation={relation}"


def _draws(paths: Sequence[str], folder: Path, seed: int) -> dict[str, Path]:
    """A file of drawn paths for each way of drawing; `each` has every path once."""
    rng = np.random.default_rng(seed)
    shares = 1 / np.arange(1, len(paths) + 1)
    order = rng.permutation(len(paths))
    drawn = {
        "each": np.arange(len(paths)),
        "uniform": rng.integers(len(paths), size=DRAWS),
        "zipf": order[rng.choice(len(paths), DRAWS, p=shares / shares.sum())],
    }
    files: dict[str, Path] = {}
    for name, places in drawn.items():
        files[name] = folder / f"{name}.txt"
        files[name].write_text("".join(f"{paths[place]}\n" for place in places.tolist()))
    return files


def _typical(address: str, paths: Sequence[str], seed: int) -> bytes:
    """Of a sample of answers the one of median length."""
    rng = np.random.default_rng(seed)
    sample: list[int] = rng.choice(len(paths), min(_SAMPLED, len(paths)), replace=False).tolist()
    with httpx2.Client(base_url=address, trust_env=False) as client:
        answers = [client.get(paths[place]).raise_for_status().content for place in sample]
    return sorted(answers, key=len)[len(answers) // 2]


def _report(
    said: argparse.Namespace, load_average: float, sizes: dict[str, Any], compared: Sequence[Compared], unseen: Unseen
) -> None:
    rows: list[list[str]] = []
    for one in compared:
        for side in one.sides:
            speed = one.median(side)
            rows.append([f"{one.name}: {side}", f"{speed.requests_per_second:,.0f}", f"{speed.p50_ms:.2f}",
                         f"{speed.p99_ms:.2f}"])  # fmt: skip
        rows.append(["  ratio", f"{one.ratio:.2f} ×", "", f"{one.p99_ratio:.2f} ×"])
    title = f"GET /infer, {sizes['events_with_relation']:,} events with {said.relation} of {sizes['file']}, " \
            f"{said.connections} connections, median of {said.rounds} × {said.seconds} s"  # fmt: skip
    show(title, ["", "requests/s", "p50 ms", "p99 ms"], rows)
    say(f"unseen events: {unseen.as_dict()}; load average at the start: {load_average:.2f}")
    *beside_bare, mixed = compared
    bounds = {"uniform, no cache": 0.65, "zipf, no cache": 0.65, "uniform": 1.0, "zipf": 1.0}
    goals = [
        *(
            Goal(f"requests/s, {one.name}, by the bare route's", one.ratio, "≥", bounds[one.name])
            for one in beside_bare
        ),
        *(Goal(f"p99, {one.name}, by the bare route's", one.p99_ratio, "≤", 5) for one in beside_bare),
        Goal("requests/s, cached, while unseen events are asked, by those without", mixed.ratio, "≥", 0.6),
        Goal("p99, cached, while unseen events are asked, by that without", mixed.p99_ratio, "≤", 5),
    ]
    settings = {name: getattr(said, name) for name in ("relation", "rounds", "seconds", "connections", "seed")}
    measured = {
        "settings": settings | {"cache_entries": said.cache_entries, "wrk": wrk.version()},
        "load_average": round(load_average, 2),
        "data": sizes,
        "unseen": unseen.as_dict(),
        "measured": {one.name: one.as_dict() for one in compared},
    }
    finish("service", said.output, measured, goals)


if __name__ == "__main__":
    main()
