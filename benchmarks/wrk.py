"""What wrk measures of a server, and two servers, or one in two situations, compared in rounds that alternate."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from benchmarks.report import say

_SCRIPT = Path(__file__).parent / "draws.lua"


@dataclass(frozen=True, slots=True)
class Load:
    """How wrk asks: in so many rounds of so many seconds, by so many connections at once."""

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
class Side:
    """One side of a comparison: an address, and a situation that lasts while it is asked."""

    name: str
    address: str
    during: Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True, slots=True)
class Compared:
    """A side and the one that it is compared with, under the same questions."""

    name: str
    rounds: dict[str, list[Speed]]

    def median(self, side: str) -> Speed:
        values = zip(*map(_fields, self.rounds[side]), strict=True)
        return Speed(*(round(median(value), 3) for value in values))

    @property
    def sides(self) -> tuple[str, str]:
        first, second = self.rounds
        return first, second

    @property
    def ratio(self) -> float:
        """Requests a second of the first side by those of the second."""
        first, second = map(self.median, self.sides)
        return first.requests_per_second / second.requests_per_second

    @property
    def p99_ratio(self) -> float:
        first, second = map(self.median, self.sides)
        return first.p99_ms / second.p99_ms

    def as_dict(self) -> dict[str, Any]:
        medians = {side: asdict(self.median(side)) for side in self.rounds}
        return {"ratio": round(self.ratio, 3), "p99_ratio": round(self.p99_ratio, 2), "median": medians,
                "rounds": {side: [asdict(one) for one in speeds] for side, speeds in self.rounds.items()}}  # fmt: skip


def check_installed() -> None:
    """Raises SystemExit where there is no wrk."""
    if shutil.which("wrk") is None:
        raise SystemExit("benchmarks.service needs wrk: install the Debian package wrk, or brew's wrk")


def version() -> str:
    return subprocess.run(["wrk", "--version"], capture_output=True, text=True).stdout.splitlines()[0]


def compare(name: str, draws: Path, number: int, sides: tuple[Side, Side], load: Load) -> Compared:
    """Ask both sides in turns. `draws` is a file of `number` paths."""
    compared = Compared(name, {side.name: [] for side in sides})
    for n, side in _turns(sides, load.rounds):
        say(f"{name}, round {n + 1}: {side.name}")
        # Each round goes on elsewhere in the draws, so that none has just the questions of the one before.
        first = (n + 1) * number // (load.rounds + 1)
        with side.during():
            compared.rounds[side.name].append(ask(side.address, draws, first, load.connections, load.seconds))
    return compared


def _turns(sides: tuple[Side, Side], rounds: int) -> Iterator[tuple[int, Side]]:
    """The first side first, then the second: what changes on the machine with time falls on both."""
    for n in range(rounds):
        yield from ((n, side) for side in (sides if n % 2 == 0 else reversed(sides)))


def ask(address: str, draws: Path, first: int, connections: int, seconds: int) -> Speed:
    """One round. Raises SystemExit where an answer is an error."""
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--script",
               str(_SCRIPT), address, "--", str(draws), str(first)]  # fmt: skip
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    result = orjson.loads(ran.stdout.splitlines()[-1])
    if result["refused"] or result["broken"]:
        raise SystemExit(f"{address}: {result['refused']} answers were errors, {result['broken']} requests broke off")
    return Speed(round(result["requests"] / result["seconds"], 1), result["p50_ms"], result["p99_ms"])


def _fields(speed: Speed) -> tuple[float, float, float]:
    return speed.requests_per_second, speed.p50_ms, speed.p99_ms
