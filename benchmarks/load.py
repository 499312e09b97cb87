"""Triples a second of `cometgraph load`, beside the store's own bulk import of the same rows from ready-made files.

Embedded store: from JSONL (or what --data is), beside COPY from Parquet files that hold each edge once, as columns of
the schema. With --neo4j also a Neo4j: `load --offline` and `neo4j-admin database import full`, beside neo4j-admin alone
on the files that are then there already; and over Bolt into a running server.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import orjson

from benchmarks import data
from benchmarks.processes import COMETGRAPH, module, run
from benchmarks.raw_copy import prepare
from benchmarks.report import Goal, finish, parser, say, show


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of one load: of the whole process, and without its start and end, as the program itself says."""

    process: float
    inner: float


@dataclass(frozen=True, slots=True)
class Compared:
    """Two ways of loading the same rows, in rounds that alternate."""

    ours: list[Took]
    plain: list[Took]

    def median(self, which: str, part: str) -> float:
        return median(getattr(took, part) for took in getattr(self, which))

    def ratio(self, part: str) -> float:
        """Our triples a second by the plain way's."""
        return self.median("plain", part) / self.median("ours", part)

    def as_dict(self, triples: int) -> dict[str, Any]:
        said: dict[str, Any] = {"ratio": round(self.ratio("process"), 3)}
        said["ratio_without_process_start"] = round(self.ratio("inner"), 3)
        for which in ("ours", "plain"):
            said[which] = {
                "triples_per_second": round(triples / self.median(which, "process")),
                "process_seconds": [round(took.process, 3) for took in getattr(self, which)],
                "inner_seconds": [round(took.inner, 3) for took in getattr(self, which)],
            }
        return said


def main() -> None:
    """The command."""
    options = parser("load", __doc__)
    options.add_argument("--data", metavar="FILE", help="triples to load, else generated ones")
    options.add_argument("--triples", type=int, default=1_000_000, metavar="N", help="how many to generate")
    options.add_argument("--rounds", type=int, default=3, metavar="N", help="of each way, default 3")
    options.add_argument("--neo4j", action="store_true", help="also into a Neo4j (needs Java and Maven)")
    said = options.parse_args()
    with TemporaryDirectory(prefix="cometgraph-load-") as folder:
        measure(said, Path(folder))


def measure(said: argparse.Namespace, folder: Path) -> None:
    """Prepare, load in turns, report."""
    file = Path(said.data) if said.data else folder / "triples.jsonl"
    if not said.data:
        say(f"generating {said.triples:,} triples")
        data.write(file, said.triples, said.seed)
    name = file.name if said.data else "generated JSONL"
    say("writing the same rows as Parquet")
    triples = prepare(str(file), folder / "parquet")

    embedded = _compare(said.rounds, lambda: _embedded(file, folder), lambda: _raw_copy(folder))
    goals = [Goal("embedded: triples/s by those of COPY", embedded.ratio("process"), "≥", 0.5)]
    measured: dict[str, Any] = {"embedded": embedded.as_dict(triples)}
    rows = _rows("cometgraph load", "COPY from Parquet", embedded, triples)
    if said.neo4j:
        offline, bolt = _neo4j(file, folder, said.rounds)
        goals.append(Goal("Neo4j, offline: triples/s by neo4j-admin's", offline.ratio("process"), "≥", 0.7))
        measured["neo4j_offline"] = offline.as_dict(triples)
        measured["neo4j_bolt"] = {"triples_per_second": round(triples / bolt.process),
                                  "process_seconds": round(bolt.process, 3)}  # fmt: skip
        rows += _rows("load --offline, neo4j-admin", "neo4j-admin", offline, triples)
        rows.append(_row("cometgraph load over Bolt", bolt.process, bolt.inner, triples))

    show(f"{triples:,} distinct triples of {name}, median of {said.rounds}",
         ["", "s, process", "triples/s", "s, without start"], rows)  # fmt: skip
    settings = {"rounds": said.rounds, "seed": said.seed}
    about = {"file": name, "bytes": file.stat().st_size, "distinct_triples": triples}
    finish("load", said.output, {"settings": settings, "data": about, "measured": measured}, goals)


def _compare(rounds: int, ours: Callable[[], Took], plain: Callable[[], Took]) -> Compared:
    compared = Compared([], [])
    for n in range(rounds):
        turns = [(compared.ours, ours), (compared.plain, plain)]
        for place, (took, load) in enumerate(turns if n % 2 == 0 else reversed(turns)):
            say(f"round {n + 1}, load {place + 1} of 2")
            took.append(load())
    return compared


def _embedded(file: Path, folder: Path) -> Took:
    store = folder / "store"
    took = _load(file, folder, ["--store", str(store)])
    rmtree(store)
    return took


def _raw_copy(folder: Path) -> Took:
    database = folder / "raw.lbug"
    ran = run(module("benchmarks.raw_copy", str(folder / "parquet"), str(database)))
    for path in folder.glob("raw.lbug*"):
        path.unlink()
    return Took(ran.seconds, float(ran.said))


def _load(file: Path, folder: Path, target: Sequence[str], variables: dict[str, str] | None = None) -> Took:
    report = folder / "report.json"
    ran = run([COMETGRAPH, "load", str(file), *target, "--report", str(report)], variables)
    said = orjson.loads(report.read_bytes())
    if not said["loaded"] or said["present"]:
        raise SystemExit(f"a store that was not empty, or stayed so: {ran.said}")
    return Took(ran.seconds, said["seconds"])


def _neo4j(file: Path, folder: Path, rounds: int) -> tuple[Compared, Took]:
    # Only here: it is the tests' server, which needs Docker, or Java and Maven.
    from tests.support.neo4j_server import Neo4jServer

    say("starting a Neo4j")
    server = Neo4jServer(folder / "neo4j").start()
    try:
        variables = {"COMETGRAPH_NEO4J_PASSWORD": server.password}
        say("loading over Bolt")
        bolt = _load(file, folder, ["--store", server.uri], variables)
    finally:
        server.stop()
    csv = folder / "csv"

    def load_and_import() -> Took:
        rmtree(csv, ignore_errors=True)
        took = _load(file, folder, ["--offline", str(csv)])
        imported = _import()
        return Took(took.process + imported.process, took.inner + imported.inner)

    def _import() -> Took:
        started = perf_counter()
        server.admin("database", "import", "full", "neo4j", f"@{csv / 'import.args'}")
        seconds = perf_counter() - started
        return Took(seconds, seconds)

    # The first round's files are the ready-made ones of every round: ours goes first in it.
    return _compare(rounds, load_and_import, _import), bolt


def _rows(ours: str, plain: str, compared: Compared, triples: int) -> list[list[str]]:
    return [
        _row(ours, compared.median("ours", "process"), compared.median("ours", "inner"), triples),
        _row(plain, compared.median("plain", "process"), compared.median("plain", "inner"), triples),
        ["  ratio", "", f"{compared.ratio('process'):.2f} ×", f"{compared.ratio('inner'):.2f} ×"],
    ]


def _row(name: str, process: float, inner: float, triples: int) -> list[str]:
    return [name, f"{process:.2f}", f"{triples / process:,.0f}", f"{inner:.2f}"]


if __name__ == "__main__":
    main()
