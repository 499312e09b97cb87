"""Hostile clients of a service, beside clients that ask /infer.

python -m benchmarks.cypher_crowd ADDRESS SECONDS SEED FILE   the hostile clients, in a process of their own
"""

import asyncio
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any
from urllib.parse import quote

import httpx2
import numpy as np
import orjson

from benchmarks import report, wrk
from benchmarks.crowd import samples
from benchmarks.processes import COMETGRAPH, await_ready, environment, memory_of, module, process_with, serving
from benchmarks.report import Goal, say
from benchmarks.wrk import Speed
from graph.query.request import DEFAULT_LIMITS
from graph.stores.connect import open_store
from graph.stores.protocol import Search
from tests.support.hostile import statements

CLIENTS = 10
ASKING = 4
"""Clients of /infer."""
_ALLOWED = {"200", "422", "429", "504"}
_DRAWS = 20_000
_CALM_SECONDS = 5
_LATE = 2
"""Calls are waited for so many times the time-out."""


@dataclass(slots=True)
class Crowd:
    """What was heard. Speeds of /infer, and megabytes of the service and its readers, each second."""

    without: Speed
    beside: Speed
    statuses: dict[str, int]
    slowest: float
    """Seconds of the slowest hostile answer."""
    p50: float
    memory: list[float]
    service: tuple[float, float]
    """Megabytes of the service itself, before and after."""
    whole: tuple[float, float]
    """The same with its readers."""
    answers: bool
    """The service answers both routes afterwards."""

    def as_dict(self) -> dict[str, Any]:
        return {
            "clients": CLIENTS,
            "statuses": self.statuses,
            "slowest_s": round(self.slowest, 2),
            "p50_s": round(self.p50, 4),
            "infer": {"without": _speed(self.without), "beside": _speed(self.beside)},
            "memory_mb": {"service": self.service, "with readers": self.whole, "each second": self.memory},
            "answers afterwards": self.answers,
        }

    def goals(self) -> list[Goal]:
        """Of speed, time and memory."""
        others = sum(number for status, number in self.statuses.items() if status not in _ALLOWED)
        return [
            Goal("hostile: p99 of /infer by that without them", self.beside.p99_ms / self.without.p99_ms, "≤", 2),
            Goal("hostile: the slowest answer", self.slowest, "≤", DEFAULT_LIMITS.seconds + 1, "s"),
            Goal("hostile: other statuses", others, "≤", 0, "answers"),
            Goal("hostile: memory of the service afterwards", self.service[1] / self.service[0], "≤", 1.1),
            Goal("hostile: memory at the end by that in the middle", _growth(self.memory), "≤", 1.1),
            Goal("hostile: the service answers afterwards", float(self.answers), "≥", 1, ""),
        ]

    def show(self) -> None:
        """Print a table."""
        rows = [[f"status {status}", f"{number:,}"] for status, number in self.statuses.items()]
        rows += [["slowest answer, s", f"{self.slowest:.2f}"], ["p50, ms", f"{1000 * self.p50:.1f}"]]
        for name, speed in (("without", self.without), ("beside", self.beside)):
            rows.append([f"/infer {name}: requests a second", f"{speed.requests_per_second:,.0f}"])
            rows.append([f"/infer {name}: p50, p99 ms", f"{speed.p50_ms:.1f}  {speed.p99_ms:.1f}"])
        rows.append(["service, MB", f"{self.service[0]:.0f} → {self.service[1]:.0f}"])
        rows.append(["with readers, MB", f"{self.whole[0]:.0f} → {self.whole[1]:.0f}, most {max(self.memory):.0f}"])
        report.show(f"{CLIENTS} hostile clients", ["", ""], rows)


def measure(store: Path, folder: Path, seconds: int, seed: int) -> Crowd:
    """Ask /infer without the hostile clients, and beside them."""
    draws = folder / "infer.txt"
    draws.write_text("\n".join(random.Random(seed).choices(asyncio.run(_paths(store)), k=_DRAWS)))
    command = [COMETGRAPH, "serve", "--store", str(store), "--no-generate", "--no-match", "--port", "0"]
    with serving([*command, "--log-level", "error"]) as address:
        await_ready(address)
        service = process_with(str(store))
        _answers(address)  # all readers start
        alone = max(10, seconds // 3)
        wrk.ask(address, draws, 0, ASKING, 3)
        say(f"{ASKING} clients of /infer for {alone} s")
        without = wrk.ask(address, draws, 0, ASKING, alone)
        before = memory_of(service)
        say(f"the same beside {CLIENTS} hostile clients for {seconds} s")
        typing = module("benchmarks.cypher_crowd", address, str(seconds), str(seed), str(folder / "secret"))
        with samples(service) as memory, subprocess.Popen(typing, stdout=subprocess.PIPE, env=environment()) as crowd:
            beside = wrk.ask(address, draws, 0, ASKING, seconds)
            assert crowd.stdout is not None
            heard = orjson.loads(crowd.stdout.read())
        time.sleep(_CALM_SECONDS)
        answers, after = _answers(address), memory_of(service)
    return Crowd(
        without, beside, heard["statuses"], heard["slowest"], heard["p50"], memory, (before[0], after[0]),
        (before[1], after[1]), answers,
    )  # fmt: skip


async def _paths(store: Path) -> list[str]:
    async with open_store(str(store), read_only=True) as opened:
        events = await opened.events(Search(prefix="", limit=200))
    return [f"/infer?event={quote(event)}&relation=xWant" for event in events]


def _answers(address: str) -> bool:
    with httpx2.Client(base_url=address, trust_env=False, timeout=30) as client:
        found = [client.post("/cypher", json={"query": "MATCH (e:Event) RETURN count(e)"}) for _ in range(2)]
        return all(one.is_success for one in [*found, client.get("/health")])


async def _type(address: str, seconds: float, seed: int, file: str) -> dict[str, Any]:
    """The hostile clients: each types its next statement when it has the answer to the one before."""
    texts = [
        text.replace("{file}", file).replace("{new}", f"{file}-new").replace("{url}", address)
        for some in statements("embedded").values()
        for text in some
    ]
    statuses, times = Counter[str](), list[float]()
    until = time.perf_counter() + seconds

    async def one(client: httpx2.AsyncClient, draw: random.Random) -> None:
        while (began := time.perf_counter()) < until:
            response = await client.post("/cypher", json={"query": draw.choice(texts)})
            times.append(time.perf_counter() - began)
            statuses[str(response.status_code)] += 1

    patience = _LATE * DEFAULT_LIMITS.seconds
    async with httpx2.AsyncClient(base_url=address, trust_env=False, timeout=patience) as client:
        await asyncio.gather(*(one(client, random.Random(seed + n)) for n in range(CLIENTS)))
    return {"statuses": dict(sorted(statuses.items())), "slowest": max(times), "p50": float(np.median(times))}


def _growth(memory: Sequence[float]) -> float:
    half = memory[len(memory) // 2 :]
    return mean(half[-10:]) / mean(half[:10])


def _speed(speed: Speed) -> dict[str, float]:
    return {"requests_per_second": speed.requests_per_second, "p50_ms": speed.p50_ms, "p99_ms": speed.p99_ms}


if __name__ == "__main__":
    _address, _seconds, _seed, _file = sys.argv[1:]
    sys.stdout.buffer.write(orjson.dumps(asyncio.run(_type(_address, float(_seconds), int(_seed), _file))))
