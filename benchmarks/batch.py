"""Many questions in a file beside as many clients of a service: tails a second, and how many get no answer.

The same questions in mode=generate, of events that no student was trained on, are answered twice: by
`cometgraph serve` for 16 clients at once, and by `cometgraph infer --input`. Each side has a new store, keeps what is
written, and looks for no near-duplicates. Loading the student counts for neither: both sides answer one question before
that is not counted. With --busy other processes keep all cores busy meanwhile.

Whatever is no answer counts for nothing, but its time counts.
"""

import argparse
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from benchmarks import data
from benchmarks.clients import Asking, ask, questions, wait_for
from benchmarks.processes import COMETGRAPH, environment, run, serving
from benchmarks.report import Goal, finish, parser, say, show
from schemas.relations import Relation

_GENERATED = 200_000
_KNOWN = [Asking("PersonX waters the lemon tree", Relation.xReact)] * 10_000
_BUSY = "while True: pass"


@dataclass(slots=True)
class Side:
    """One way to ask: seconds of all answers, their tails, and how many questions got no answer."""

    seconds: float
    tails: int
    answers: int
    problems: int

    @property
    def rate(self) -> float:
        """Tails a second."""
        return self.tails / self.seconds

    def as_dict(self) -> dict[str, Any]:
        return {
            "tails_per_second": round(self.rate, 2),
            "seconds": round(self.seconds, 2),
            "tails": self.tails,
            "answers": self.answers,
            "no_answers": self.problems,
        }


def main() -> None:
    """The command."""
    options = parser("batch", __doc__)
    options.add_argument("--data", metavar="FILE", help="take events from these triples, else generated ones")
    options.add_argument("--cache", type=Path, default=Path("data/models"), metavar="DIR", help="default data/models")
    options.add_argument("--questions", type=int, default=1000, metavar="N", help="default 1000")
    options.add_argument("--clients", type=int, default=16, metavar="N", help="of the service at once, default 16")
    options.add_argument("--decoding", default="beam", metavar="NAME", help="default beam")
    options.add_argument("--busy", action="store_true", help="keep all cores busy meanwhile")
    given = options.parse_args()
    with TemporaryDirectory(prefix="cometgraph-batch-") as folder:
        measure(given, Path(folder))


def measure(given: argparse.Namespace, folder: Path) -> None:
    """Draw the questions, ask on both sides, report."""
    file = given.data or str(folder / "triples.jsonl")
    if not given.data:
        say("generating events")
        data.write(Path(file), _GENERATED, given.seed)
    drawn = questions(file)
    random.Random(given.seed).shuffle(drawn)
    drawn = drawn[: given.questions]
    say("preparing the student's files, where that has not been done")
    run([COMETGRAPH, "models", "--convert", "--cache", str(given.cache)])
    with _busy(os.cpu_count() or 1 if given.busy else 0):
        say(f"{len(drawn)} questions by {given.clients} clients of a service")
        service = _by_service(given, folder, drawn)
        say(f"{len(drawn)} questions by infer --input")
        command = _by_command(given, folder, drawn)
    _report(given, Path(file).name if given.data else "generated data", len(drawn), service, command)


@contextmanager
def _busy(processes: int) -> Iterator[None]:
    """So many processes that compute all the time."""
    running = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def _options(given: argparse.Namespace, store: Path) -> list[str]:
    return ["--store", str(store), "--cache", str(given.cache), "--device", "cpu", "--no-match"]


def _by_service(given: argparse.Namespace, folder: Path, drawn: Sequence[Asking]) -> Side:
    command = [COMETGRAPH, "serve", *_options(given, folder / "served"), "--port", "0", "--log-level", "error"]
    with serving(command) as address:
        wait_for(address, _KNOWN, mode="generate", decoding=given.decoding)
        heard = ask(address, iter(drawn), given.decoding, clients=given.clients)
    return Side(heard.seconds, heard.tails, len(heard.answered), sum(heard.statuses.values()) - len(heard.answered))


def _by_command(given: argparse.Namespace, folder: Path, drawn: Sequence[Asking]) -> Side:
    """The first question is one more, which waits until the student is loaded."""
    file, store = folder / "questions.jsonl", folder / "asked"
    first_and_all = [_KNOWN[0], *drawn]
    file.write_text("".join(json.dumps({"event": one.event, "relation": one.relation}) + "\n" for one in first_and_all))
    run([COMETGRAPH, "load", str(_empty(folder)), "--no-match", "--store", str(store)])
    command = [COMETGRAPH, "infer", "--input", str(file), "--mode", "generate", "--decoding", given.decoding]
    with subprocess.Popen([*command, *_options(given, store)], stdout=subprocess.PIPE, env=environment()) as process:
        assert process.stdout is not None
        process.stdout.readline()
        started = perf_counter()
        answers = [json.loads(line) for line in process.stdout]
        seconds = perf_counter() - started
    if process.returncode or len(answers) != len(drawn):
        raise SystemExit(f"infer --input failed ({process.returncode}) after {len(answers)} answers")
    right = [answer for answer in answers if "asked" in answer]
    return Side(seconds, sum(len(answer["inferences"]) for answer in right), len(right), len(answers) - len(right))


def _empty(folder: Path) -> Path:
    """A file with one triple, from which a store is made."""
    file = folder / "one.jsonl"
    file.write_text('{"head": "PersonX plants a lemon tree", "relation": "xIntent", "tail": "to have lemons"}\n')
    return file


def _report(given: argparse.Namespace, file: str, number: int, service: Side, command: Side) -> None:
    sides = {f"service, {given.clients} clients": service, "infer --input": command}
    rows = [
        [name, f"{side.rate:,.1f}", f"{side.rate / service.rate:.2f} ×", f"{side.seconds:,.1f}", str(side.problems)]
        for name, side in sides.items()
    ]
    busy = ", all cores busy" if given.busy else ""
    show(f"{number} questions, {given.decoding}{busy}", ["", "tails/s", "ratio", "seconds", "no answer"], rows)
    goals = [
        Goal("infer --input: tails/s by the service's", command.rate / service.rate, "≥", 0.95),
        Goal("infer --input: questions without an answer", command.problems, "≤", 0, ""),
    ]
    names = ("questions", "clients", "decoding", "busy", "seed")
    result = {
        "settings": {name: getattr(given, name) for name in names},
        "data": {"file": file, "questions": number},
        "measured": {name: side.as_dict() for name, side in sides.items()},
    }
    finish("batch", given.output, result, goals)


if __name__ == "__main__":
    main()
