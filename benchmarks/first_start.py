"""First starts of `cometgraph serve` with its defaults, on an empty cache: are all parts up, when, and at what cost?

Each start has a cache of its own. One client looks up stored events all the time, 50 a second, before and after the
parts are up: the slowest of these answers beside those of the same service when it is idle. The first live answer
after `/ready` is timed beside the tenth. Memory is that of the service and its child processes, each page counted once.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import numpy as np

from benchmarks.processes import COMETGRAPH, await_ready, memory_of, process_with, run, serving
from benchmarks.report import Goal, finish, parser, say, show

PAUSE = 0.02
IDLE_SECONDS = 10.0
_KNOWN = {"event": "PersonX buys a car", "relation": "xIntent"}
_THINGS = ("lantern", "rowing boat", "tax form", "beehive", "piano", "kite", "loaf", "passport", "tent", "wheelbarrow")


@dataclass(frozen=True, slots=True)
class Start:
    """One first start. Times in seconds from the command, latencies in milliseconds, memory in megabytes."""

    all_up: bool
    graph_answer: float
    ready: float
    live_answer: float
    hits: int
    p99_ms: float
    slowest_ms: float
    idle_p99_ms: float
    first_live_ms: float
    tenth_live_ms: float
    service_mb: float
    all_mb: float

    @property
    def p99_ratio(self) -> float:
        """p99 of stored answers while parts are made ready, by that of the idle service."""
        return self.p99_ms / self.idle_p99_ms


def main() -> None:
    """The command."""
    options = parser("first_start", __doc__)
    options.add_argument("--starts", type=int, default=10, metavar="N", help="default 10")
    options.add_argument("--data", metavar="FILE", help="triples to load before, else the sample that a service loads")
    params = options.parse_args()
    load = os.getloadavg()[0]
    with TemporaryDirectory(prefix="cometgraph-first-start-") as folder:
        loaded = Path(folder) / "loaded"
        if params.data:
            say("loading the data, and embedding its events")
            run([COMETGRAPH, "load", params.data, "--store", str(loaded), "--cache", str(Path(folder) / "embedder")])
        starts = [_start(Path(folder) / str(n), loaded if params.data else None, n) for n in range(params.starts)]
    _report(params, starts, load)


def _start(folder: Path, loaded: Path | None, number: int) -> Start:
    folder.mkdir()
    store = loaded or folder / "store"
    began = time.perf_counter()
    log = (folder / "log").open("wb")
    command = [COMETGRAPH, "serve", "--store", str(store), "--cache", str(folder / "models"), "--port", "0"]
    with (
        log,
        serving(command, stderr=log) as address,
        httpx2.Client(base_url=address, trust_env=False, timeout=120) as client,
    ):
        client.get("/infer", params=_KNOWN).raise_for_status()
        graph_answer = time.perf_counter() - began
        with _lookups(address) as busy:
            await_ready(address)
            ready = time.perf_counter() - began
        live = [_live(client, number, n) for n in range(10)]
        live_answer = ready + live[0]
        with _lookups(address) as idle:
            time.sleep(IDLE_SECONDS)
        info = client.get("/info").json()
        all_up = all(info[part]["state"] == "up" for part in ("student", "index", "judge"))
        own, total = memory_of(process_with(str(folder / "models")))
    start = Start(
        all_up=all_up,
        graph_answer=round(graph_answer, 2),
        ready=round(ready, 1),
        live_answer=round(live_answer, 1),
        hits=len(busy),
        p99_ms=round(float(np.percentile(busy, 99)), 2),
        slowest_ms=round(max(busy), 1),
        idle_p99_ms=round(float(np.percentile(idle, 99)), 2),
        first_live_ms=round(live[0] * 1000),
        tenth_live_ms=round(live[-1] * 1000),
        service_mb=own,
        all_mb=total,
    )
    say(f"start {number + 1}: {start}")
    return start


@contextmanager
def _lookups(address: str) -> Iterator[list[float]]:
    """Milliseconds of each lookup that a client makes meanwhile."""
    took: list[float] = []
    stopping = threading.Event()

    def ask() -> None:
        with httpx2.Client(base_url=address, trust_env=False, timeout=120) as client:
            while not stopping.is_set():
                began = time.perf_counter()
                client.get("/infer", params=_KNOWN).raise_for_status()
                took.append((time.perf_counter() - began) * 1000)
                stopping.wait(PAUSE)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield took
    finally:
        stopping.set()
        asking.join()


def _live(client: httpx2.Client, start: int, number: int) -> float:
    """Seconds of an answer that the student writes."""
    event = f"my neighbour forgot the {_THINGS[number]} at the harbour {start + 2} times"
    began = time.perf_counter()
    answer = client.get("/infer", params={"event": event, "relation": "xReact"}).raise_for_status().json()
    if answer["source"] != "generated" or answer["stored"]:
        raise SystemExit(f"{event} was not answered live: {answer}")
    return time.perf_counter() - began


def _report(params: Any, starts: list[Start], load: float) -> None:
    names = list(asdict(starts[0]))
    values = {name: [float(getattr(start, name)) for start in starts] for name in names}
    rows = [[name, f"{min(v):,.1f}", f"{median(v):,.1f}", f"{max(v):,.1f}"] for name, v in values.items()]
    what = Path(params.data).name if params.data else "the sample graph"
    show(f"{len(starts)} first starts on {what}, load average {load:.1f} before", ["", "least", "median", "most"], rows)
    goals = [
        Goal("starts with all parts up", sum(start.all_up for start in starts) / len(starts), "≥", 1, "of all"),
        Goal("p99 of stored answers meanwhile, by idle", median(start.p99_ratio for start in starts), "≤", 3),
        Goal(
            "first live answer by the tenth",
            median(start.first_live_ms / start.tenth_live_ms for start in starts),
            "≤",
            1.5,
        ),
        Goal("memory", max(start.all_mb for start in starts), "≤", 800, "MB"),
    ]
    measured = {
        "settings": {"starts": params.starts, "data": what, "load_before": round(load, 2)},
        "measured": [asdict(start) | {"p99_ratio": round(start.p99_ratio, 2)} for start in starts],
    }
    finish("first_start", params.output, measured, goals)


if __name__ == "__main__":
    main()
