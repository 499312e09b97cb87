"""A faulty server at full scale: is nothing lost, is the bill the server's own, does the budget hold?

Real time limits: 60 seconds of silence, ten minutes of nothing but 429. 30% of the requests fail in nine ways: 429 with
and without Retry-After, 500, cut before and after the reply, empty, no JSON, a wrong number of choices, silence. In the
middle of the calls come the ten minutes. The run must stop by itself with the reason, and a second run complete it.
"""

import asyncio
import logging
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.report import Goal, finish, parser, say, show
from distill.teacher.calls import Budget
from distill.teacher.patience import Patience
from schemas.errors import Unavailable
from tests.support.completions_server import served
from tests.support.teacher_faults import ask, reconcile
from tests.support.teacher_server import FAULTS, TeacherServer, at_random

BUDGET = Budget(nanodollars=1_000_000_000)


def main() -> None:
    """The command."""
    options = parser("teacher_faults", __doc__)
    options.add_argument("--calls", type=int, default=300, metavar="N", help="default 300")
    options.add_argument("--silence", type=float, default=60, metavar="N", help="seconds, default 60")
    options.add_argument("--refusals", type=float, default=600, metavar="N", help="seconds of 429, default 600")
    params = options.parse_args()
    logging.getLogger().addHandler(logging.NullHandler())  # stamina reports each repetition
    with TemporaryDirectory(prefix="cometgraph-faults-") as folder:
        path = Path(folder) / "calls.sqlite"
        result = _measure(path, params.calls, params.silence, params.refusals, params.seed)
    rows = [[name, str(value)] for name, value in result.items() if name != "reasons"]
    show("Our log and the server's", ["", ""], rows)
    ours, theirs = result["told"]
    goals = [
        Goal("calls without their reply", result["lost"], "≤", 0, "calls"),
        Goal("tokens of replies with a usage, ours less the server's", abs(ours - theirs), "≤", 0, "tokens"),
        Goal("charged by the server, of what we count as spent", result["charged"] / result["spent"], "≤", 1),
        Goal("spent, of the budget", result["nanodollars"] / 1_000_000_000, "≤", 1),
        Goal("repeated calls without an attempt that is `unknown`", result["unexplained"], "≤", 0, "calls"),
        Goal("calls stopped by the 429 with another error than Unavailable", result["wrong_stops"], "≤", 0, "calls"),
    ]
    finish("teacher_faults", params.output, result, goals)


def _measure(path: Path, calls: int, silence: float, refusals: float, seed: int) -> dict[str, Any]:
    server = TeacherServer(at_random(seed, 0.3, *FAULTS), silence=2 * silence)
    patience = Patience(silence=silence, call=5 * silence, run=refusals)
    began = time.monotonic()
    with served(server.app()) as url:
        say(f"{calls // 2} calls with faults")
        first = asyncio.run(ask(url, path, calls // 2, BUDGET, patience))
        say(f"{time.monotonic() - began:,.0f} s; now 429 alone")
        server.fault = lambda: "429"
        stopped = asyncio.run(ask(url, path, calls, BUDGET, patience))[calls // 2 :]
        say(f"{time.monotonic() - began:,.0f} s; {stopped[0]}")
        server.fault = at_random(seed + 1, 0.3, *FAULTS)
        last = asyncio.run(ask(url, path, calls, BUDGET, patience))
    lost = Counter(isinstance(result, list) for result in (*first, *last))[False]
    wrong = sum(not isinstance(result, Unavailable) for result in stopped)
    return asdict(reconcile(path, server)) | {
        "lost": lost,
        "wrong_stops": wrong,
        "seconds": round(time.monotonic() - began),
    }


if __name__ == "__main__":
    main()
