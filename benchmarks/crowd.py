"""Many clients that ask unseen events at once: is every answer a 200, 429 or 503, and does the memory stay?

The service has its defaults. Each client asks its next question when it has the answer to the one before. Memory is
that of the service and its child processes, read every second.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

from benchmarks.clients import ask, questions
from benchmarks.processes import COMETGRAPH, await_ready, memory_of, process_with, serving
from benchmarks.report import Goal, finish, parser, say, show

_ALLOWED = {200, 429, 503}


def main() -> None:
    """The command."""
    options = parser("crowd", __doc__)
    options.add_argument("--data", required=True, metavar="FILE", help="triples whose dev and test heads are asked")
    options.add_argument("--clients", type=int, default=64, metavar="N", help="default 64")
    options.add_argument("--seconds", type=int, default=120, metavar="N", help="default 120")
    options.add_argument(
        "--cache", default="data/models", metavar="DIR", help="of cometgraph serve, default data/models"
    )
    params = options.parse_args()
    load = os.getloadavg()[0]
    asked = cycle(questions(params.data))
    with TemporaryDirectory(prefix="cometgraph-crowd-") as folder:
        store = str(Path(folder) / "store")
        command = [
            COMETGRAPH,
            "serve",
            "--store",
            store,
            "--cache",
            params.cache,
            "--port",
            "0",
            "--log-level",
            "error",
        ]
        with serving(command) as address:
            await_ready(address)
            say(f"{params.clients} clients for {params.seconds} s")
            with samples(process_with(store)) as memory:
                heard = ask(address, asked, "beam", clients=params.clients, seconds=params.seconds, strict=False)
    half = memory[len(memory) // 2 :]
    growth = mean(half[-10:]) / mean(half[:10])
    statuses = {str(status): number for status, number in sorted(heard.statuses.items())}
    others = sum(number for status, number in heard.statuses.items() if status not in _ALLOWED)
    rows = [[f"status {status}", f"{number:,}"] for status, number in statuses.items()]
    rows += [["memory at the start, MB", f"{memory[0]:,.0f}"], ["in the middle", f"{half[0]:,.0f}"]]
    rows += [["at the end", f"{memory[-1]:,.0f}"], ["most", f"{max(memory):,.0f}"]]
    show(f"{params.clients} clients, {params.seconds} s, load average {load:.1f} before", ["", ""], rows)
    goals = [
        Goal("answers with another status", others, "≤", 0, "answers"),
        Goal("memory at the end by that in the middle", growth, "≤", 1.03),
    ]
    measured = {
        "settings": {"clients": params.clients, "seconds": params.seconds, "load_before": round(load, 2)},
        "measured": {"statuses": statuses, "tails": heard.tails, "memory_mb": memory},
    }
    finish("crowd", params.output, measured, goals)


@contextmanager
def samples(pid: int) -> Iterator[list[float]]:
    """Megabytes of a process and all below it, each second."""
    samples = [memory_of(pid)[1]]
    stopping = threading.Event()

    def sample() -> None:
        while not stopping.wait(1):
            samples.append(memory_of(pid)[1])

    sampling = threading.Thread(target=sample)
    sampling.start()
    try:
        yield samples
    finally:
        stopping.set()
        sampling.join()


if __name__ == "__main__":
    main()
