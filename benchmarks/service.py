"""Requests a second of GET /infer, beside a bare FastAPI route that returns the bytes of a typical answer.

Both are asked by wrk in turns, 16 connections, the same paths in the same order: one relation of events drawn
uniformly, and by Zipf's law (exponent 1) as questions of people are. The store is the embedded one, one worker.
"""

import argparse
import asyncio
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import httpx2
import numpy as np
import orjson

from benchmarks import data
from benchmarks.processes import COMETGRAPH, module, run, serving
from benchmarks.report import Goal, finish, parser, say, show
from graph.store import Lookup, Search, open_store
from schemas.relations import RELATIONS, Relation

DRAWS = 200_000
_DRAWS_LUA = Path(__file__).parent / "draws.lua"
_WARM_UP = 3
_SAMPLED = 500
_OURS, _BARE = "cometgraph", "bare route"


@dataclass(frozen=True, slots=True)
class Load:
    """How wrk asks."""

    rounds: int
    seconds: int
    connections: int


@dataclass(frozen=True, slots=True)
class Speed:
    """What wrk saw, in one round or as the median of all."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Compared:
    """Two servers under the same questions, in rounds that alternate."""

    name: str
    rounds: dict[str, list[Speed]]

    def median(self, server: str) -> Speed:
        values = zip(*map(_fields, self.rounds[server]), strict=True)
        return Speed(*(round(median(value), 3) for value in values))

    @property
    def ratio(self) -> float:
        """Our requests a second by the bare route's."""
        return self.median(_OURS).requests_per_second / self.median(_BARE).requests_per_second

    @property
    def p99_ratio(self) -> float:
        return self.median(_OURS).p99_ms / self.median(_BARE).p99_ms

    def as_dict(self) -> dict[str, Any]:
        medians = {server: asdict(self.median(server)) for server in self.rounds}
        return {"ratio": round(self.ratio, 3), "p99_ratio": round(self.p99_ratio, 2), "median": medians,
                "rounds": {server: [asdict(one) for one in said] for server, said in self.rounds.items()}}  # fmt: skip


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
    if shutil.which("wrk") is None:
        raise SystemExit("benchmarks.service needs wrk: install the Debian package wrk, or brew's wrk")
    with TemporaryDirectory(prefix="cometgraph-service-") as folder:
        measure(said, Path(folder))


def measure(said: argparse.Namespace, folder: Path) -> None:
    """Load, draw, ask both, report."""
    store = folder / "store"
    file = Path(said.data) if said.data else folder / "triples.jsonl"
    if not said.data:
        say(f"generating {said.triples:,} triples")
        data.write(file, said.triples, said.seed)
    say(f"loading {file.name}")
    run([COMETGRAPH, "load", str(file), "--store", str(store)])
    paths = asyncio.run(_paths(store, Relation(said.relation)))
    draws = _draws(paths, folder, said.seed)
    serve = [COMETGRAPH, "serve", "--store", str(store), "--port", "0", "--log-level", "warning"]
    cached = serve if said.cache_entries is None else [*serve, "--cache-entries", str(said.cache_entries)]
    load = Load(said.rounds, said.seconds, said.connections)

    with serving(cached) as ours:
        body = _typical(ours, paths, said.seed)
        (folder / "body.json").write_bytes(body)
        bare_command = module("benchmarks.bare", str(folder / "body.json"))
        with serving(bare_command) as bare:
            compared = [_compare(name, draws[name], ours, bare, load) for name in ("uniform", "zipf")]
    with serving([*serve, "--cache-entries", "0"]) as ours, serving(bare_command) as bare:
        compared.append(_compare("uniform, no cache", draws["uniform"], ours, bare, load))
    _report(said, file.name if said.data else "generated data", len(paths), len(body), compared)


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
    return [f"/infer?event={quote(event, safe='')}&relation={relation}" for event in found]


def _draws(paths: Sequence[str], folder: Path, seed: int) -> dict[str, Path]:
    """A file of drawn paths for each way of drawing."""
    rng = np.random.default_rng(seed)
    shares = 1 / np.arange(1, len(paths) + 1)
    order = rng.permutation(len(paths))
    drawn = {
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


def _compare(name: str, draws: Path, ours: str, bare: str, load: Load) -> Compared:
    compared = Compared(name, {_OURS: [], _BARE: []})
    servers = {_OURS: ours, _BARE: bare}
    for address in servers.values():
        _ask(address, draws, 0, load.connections, _WARM_UP)
    for n, (server, address) in _turns(servers, load.rounds):
        say(f"{name}, round {n + 1}: {server}")
        # Each round goes on elsewhere in the draws, so that none has just the questions of the one before.
        first = (n + 1) * DRAWS // (load.rounds + 1)
        compared.rounds[server].append(_ask(address, draws, first, load.connections, load.seconds))
    return compared


def _turns(servers: dict[str, str], rounds: int) -> Iterator[tuple[int, tuple[str, str]]]:
    """Ours first, then bare first: what changes on the machine with time falls on both."""
    for n in range(rounds):
        yield from ((n, one) for one in sorted(servers.items(), reverse=n % 2 == 0))


def _ask(address: str, draws: Path, first: int, connections: int, seconds: int) -> Speed:
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--script",
               str(_DRAWS_LUA), address, "--", str(draws), str(first)]  # fmt: skip
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    said = orjson.loads(ran.stdout.splitlines()[-1])
    if said["refused"] or said["broken"]:
        raise SystemExit(f"{address}: {said['refused']} answers were errors, {said['broken']} requests broke off")
    return Speed(round(said["requests"] / said["seconds"], 1), said["p50_ms"], said["p99_ms"])


def _fields(speed: Speed) -> tuple[float, float, float]:
    return speed.requests_per_second, speed.p50_ms, speed.p99_ms


def _report(said: argparse.Namespace, file: str, events: int, size: int, compared: Sequence[Compared]) -> None:
    rows: list[list[str]] = []
    for one in compared:
        for server in (_OURS, _BARE):
            speed = one.median(server)
            rows.append([f"{one.name}: {server}", f"{speed.requests_per_second:,.0f}", f"{speed.p50_ms:.2f}",
                         f"{speed.p99_ms:.2f}"])  # fmt: skip
        rows.append(["  ratio", f"{one.ratio:.2f} ×", "", f"{one.p99_ratio:.2f} ×"])
    title = f"GET /infer, {events:,} events with {said.relation} of {file}, {said.connections} connections, " \
            f"median of {said.rounds} × {said.seconds} s"  # fmt: skip
    show(title, ["", "requests/s", "p50 ms", "p99 ms"], rows)
    uniform, zipf, _ = compared
    goals = [
        Goal("requests/s, uniform, by the bare route's", uniform.ratio, "≥", 0.5),
        Goal("requests/s, Zipf, by the bare route's", zipf.ratio, "≥", 0.8),
        Goal("p99, uniform, by the bare route's", uniform.p99_ratio, "<", 5),
        Goal("p99, Zipf, by the bare route's", zipf.p99_ratio, "<", 5),
    ]
    settings = {name: getattr(said, name) for name in ("relation", "rounds", "seconds", "connections", "seed")}
    wrk = subprocess.run(["wrk", "--version"], capture_output=True, text=True).stdout.splitlines()[0]
    measured = {
        "settings": settings | {"cache_entries": said.cache_entries, "wrk": wrk},
        "data": {"file": file, "events_with_relation": events, "body_bytes": size},
        "measured": {one.name: one.as_dict() for one in compared},
    }
    finish("service", said.output, measured, goals)


if __name__ == "__main__":
    main()
