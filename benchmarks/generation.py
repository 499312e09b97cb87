"""Live answers: tails a second, the time of one, and the time to the first, beside a notebook's loop.

`cometgraph serve` on the CPU, with a store of its own, is asked for one relation of events that no student was trained
on (mode=generate): by 16 clients at once, and by one alone. Beside it, in a process of its own and in turns, what the
paper's notebooks do with the same weights: transformers' `generate` of one prompt at a time in float32, 10 samples,
top_p 0.9. On both sides a question counts as the 10 sequences that are drawn or searched for it, however many
different tails they make. With --gpu also our engine on a GPU, without a service, beside batches of plain transformers
and beside vLLM.

What the service refuses (422: no event) or fails at counts for nothing, but its time counts; how often is reported.
"""

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.clients import Asking, Heard, ask, questions, wait_for
from benchmarks.processes import COMETGRAPH, module, run, serving
from benchmarks.report import Goal, finish, parser, say, show
from schemas.relations import Relation

PARTS = ("throughput", "latency", "start")
DRAWN = 10
_DECODINGS = ("paper", "beam")
_NOTEBOOK = "notebook"
_GENERATED = 200_000
_GPU_CLIENTS = 64
_KNOWN = [Asking("PersonX buys a car", Relation.xIntent)] * 10_000


@dataclass(slots=True)
class Speed:
    """Rounds of one side: seconds and sequences of each, and the seconds of every call."""

    seconds: list[float] = field(default_factory=list[float])
    sequences: list[int] = field(default_factory=list[int])
    calls: list[float] = field(default_factory=list[float])

    def add(self, seconds: float, sequences: int, calls: Sequence[float]) -> None:
        self.seconds.append(seconds)
        self.sequences.append(sequences)
        self.calls += calls

    @property
    def rate(self) -> float:
        """Sequences a second, the median of the rounds."""
        return median(n / seconds for n, seconds in zip(self.sequences, self.seconds, strict=True))

    def percentile(self, of: float) -> float:
        return float(np.percentile(self.calls, of))

    def as_dict(self) -> dict[str, Any]:
        return {
            "tails_per_second": round(self.rate, 2),
            "calls": len(self.calls),
            "p50_seconds": round(self.percentile(50), 4),
            "p99_seconds": round(self.percentile(99), 4),
            "rounds": [
                {"seconds": round(seconds, 3), "tails": n}
                for n, seconds in zip(self.sequences, self.seconds, strict=True)
            ],
        }


@dataclass(slots=True)
class Measured:
    """All that was measured; a part that was not asked for is empty."""

    busy: dict[str, Speed] = field(default_factory=dict[str, Speed])
    alone: dict[str, Speed] = field(default_factory=dict[str, Speed])
    notebook: Speed = field(default_factory=Speed)
    different: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    statuses: dict[str, int] = field(default_factory=dict[str, int])
    models: dict[str, Any] = field(default_factory=dict[str, Any])
    starts: dict[str, list[dict[str, float]]] = field(default_factory=dict[str, list[dict[str, float]]])
    gpu: dict[str, Speed] = field(default_factory=dict[str, Speed])
    left_out: dict[str, str] = field(default_factory=dict[str, str])

    def hear(self, decoding: str, heard: Heard, into: dict[str, Speed]) -> None:
        """Add what clients heard of a round."""
        into.setdefault(decoding, Speed()).add(heard.seconds, len(heard.answered) * DRAWN, heard.calls)
        self.models[decoding] = heard.model
        self.different.setdefault(decoding, []).append(heard.tails)
        for status, times in heard.statuses.items():
            self.statuses[str(status)] = self.statuses.get(str(status), 0) + times


def main() -> None:
    """The command."""
    options = parser("generation", __doc__)
    options.add_argument("--data", metavar="FILE", help="take events from these triples, else generated ones")
    options.add_argument("--cache", type=Path, default=Path("data/models"), metavar="DIR", help="default data/models")
    options.add_argument("--clients", type=int, default=16, metavar="N", help="at once, default 16")
    options.add_argument("--rounds", type=int, default=3, metavar="N", help="of each side, default 3")
    options.add_argument("--seconds", type=float, default=20, metavar="N", help="of a round, default 20")
    options.add_argument("--questions", type=int, default=40, metavar="N", help="of one client alone, default 40")
    options.add_argument("--starts", type=int, default=3, metavar="N", help="how often it is started, default 3")
    options.add_argument("--cold", action="store_true", help="start it with an empty cache, too")
    options.add_argument("--gpu", action="store_true", help="our engine on a GPU, too")
    options.add_argument(
        "--only", action="append", choices=[*PARTS, "gpu"], metavar="PART", help=", ".join([*PARTS, "gpu"])
    )
    said = options.parse_args()
    with TemporaryDirectory(prefix="cometgraph-generation-") as folder:
        measure(said, Path(folder))


def measure(said: argparse.Namespace, folder: Path) -> None:
    """Draw the questions, ask, report."""
    parts = said.only or [*PARTS, *(["gpu"] if said.gpu else [])]
    file = said.data or str(folder / "triples.jsonl")
    if not said.data:
        say("generating events")
        data.write(Path(file), _GENERATED, said.seed)
    drawn = questions(file)
    random.Random(said.seed).shuffle(drawn)
    asked = iter(drawn)
    # The notebook draws from the same events and relations, further on than any service gets.
    notebook = folder / "questions.json"
    notebook.write_text(json.dumps([[one.event, one.relation] for one in drawn[::-1][:1000]]))
    say("preparing the student's files, where that has not been done")
    run([COMETGRAPH, "models", "--convert", "--cache", str(said.cache)])
    measured = Measured()
    if "start" in parts:
        _starts(said, folder, asked, measured)
    if "throughput" in parts or "latency" in parts:
        with _service(folder / "store", said.cache) as address:
            for decoding in _DECODINGS:  # also a warm-up
                wait_for(address, asked, mode="generate", decoding=decoding)
                ask(address, asked, decoding, clients=said.clients, most=2 * said.clients)
            if "latency" in parts:
                _alone(said, address, asked, measured)
            _in_turns(said, address, asked, notebook, measured, is_busy="throughput" in parts)
    if "gpu" in parts:
        _on_gpu(said, notebook, measured)
    _report(said, Path(file).name if said.data else "generated data", len(drawn), measured)


@contextmanager
def _service(store: Path, cache: Path) -> Iterator[str]:
    command = [COMETGRAPH, "serve", "--store", str(store), "--cache", str(cache), "--port", "0", "--device", "cpu"]
    with serving([*command, "--log-level", "error"]) as address:
        yield address


def _alone(said: argparse.Namespace, address: str, asked: Iterator[Asking], measured: Measured) -> None:
    for decoding in _DECODINGS:
        say(f"one question at a time: {decoding}")
        measured.hear(decoding, ask(address, asked, decoding, most=said.questions), measured.alone)


def _in_turns(
    said: argparse.Namespace,
    address: str,
    asked: Iterator[Asking],
    notebook: Path,
    measured: Measured,
    *,
    is_busy: bool,
) -> None:
    """The service, then the notebook, then the other way round: what changes on the machine falls on both."""
    sides = [*(_DECODINGS if is_busy else ()), _NOTEBOOK]
    for n in range(said.rounds):
        for side in sides if n % 2 == 0 else reversed(sides):
            say(f"round {n + 1}: {side}")
            if side == _NOTEBOOK:
                _draw(measured.notebook, "transformers", notebook, said)
            else:
                heard = ask(address, asked, side, clients=said.clients, seconds=said.seconds)
                measured.hear(side, heard, measured.busy)


def _draw(speed: Speed, how: str, file: Path, said: argparse.Namespace, *arguments: str) -> None:
    command = module("benchmarks.drawing", how, str(file), "--cache", str(said.cache), "--seconds", str(said.seconds))
    lines = run([*command, *arguments]).said.splitlines()
    drawn = json.loads(next(line for line in reversed(lines) if line.startswith("{")))
    speed.add(drawn["seconds"], drawn["sequences"], drawn["calls"])


def _starts(said: argparse.Namespace, folder: Path, asked: Iterator[Asking], measured: Measured) -> None:
    """A new store first, which also leaves the store and cache that the others find."""
    say("starting with a new store")
    measured.starts["new store"] = [_start(folder / "store", said.cache, asked)]
    name = "store and cache there"
    measured.starts[name] = []
    for n in range(said.starts):
        say(f"starting, {n + 1} of {said.starts}")
        measured.starts[name].append(_start(folder / "store", said.cache, asked))
    if said.cold:
        say("starting with a new store and an empty cache")
        measured.starts["new store, empty cache"] = [_start(folder / "cold-store", folder / "cold-cache", asked)]


def _start(store: Path, cache: Path, asked: Iterator[Asking]) -> dict[str, float]:
    started = perf_counter()
    took: dict[str, float] = {}
    with _service(store, cache) as address:
        wait_for(address, _KNOWN, mode="graph")
        took["graph"] = perf_counter() - started
        # The same event is asked until it is answered.
        for decoding in reversed(_DECODINGS):
            wait_for(address, [next(asked)] * 10_000, mode="generate", decoding=decoding)
            took[decoding] = perf_counter() - started
    return took


def _on_gpu(said: argparse.Namespace, file: Path, measured: Measured) -> None:
    import torch

    if not torch.cuda.is_available():
        measured.left_out["gpu"] = "no GPU here that torch can use"
        return
    how = ["--device", "cuda", "--dtype", "bfloat16", "--batch", str(_GPU_CLIENTS)]
    ways = ["torch", "transformers"]
    if find_spec("vllm") is None:
        measured.left_out["vllm"] = "not installed here"
    else:
        ways.append("vllm")
    for n in range(said.rounds):
        for way in ways if n % 2 == 0 else reversed(ways):
            say(f"GPU, round {n + 1}: {way}")
            _draw(measured.gpu.setdefault(way, Speed()), way, file, said, *how)


def _report(said: argparse.Namespace, file: str, events: int, measured: Measured) -> None:
    goals: list[Goal] = []
    notebook = measured.notebook
    if measured.busy:
        rows = [_row(name, speed, notebook) for name, speed in measured.busy.items()]
        rows.append(_row("notebook, one at a time", notebook))
        show(f"Tails a second, {said.clients} clients, median of {said.rounds} × {said.seconds:g} s",
             ["", "tails/s", "ratio", "p50 s", "p99 s"], rows)  # fmt: skip
        goals += [Goal(f"{name}: tails/s by the notebook's", speed.rate / notebook.rate, "≥", 10)
                  for name, speed in measured.busy.items()]  # fmt: skip
    if measured.alone:
        rows = [_row(name, speed, notebook) for name, speed in measured.alone.items()]
        rows.append(_row("notebook", notebook))
        show(f"One question alone, {DRAWN} tails, {said.questions} questions (notebook: {len(notebook.calls)})",
             ["", "tails/s", "ratio", "p50 s", "p99 s"], rows)  # fmt: skip
        goals += [Goal(f"{name}: p50 of one question alone", speed.percentile(50), "≤", 0.6, "s")
                  for name, speed in measured.alone.items()]  # fmt: skip
    if measured.starts:
        rows = [[f"{name} ({len(all_)})", *(f"{median(one[key] for one in all_):.2f}" for key in all_[0])]
                for name, all_ in measured.starts.items()]  # fmt: skip
        show("Seconds from the start of the process to the first answer, median",
             ["", "of the graph", "live, beam", "live, paper"], rows)  # fmt: skip
    if measured.gpu:
        ours = measured.gpu["torch"]
        rows = [
            [*_row(name, speed)[:2], f"{ours.rate / speed.rate:.2f} ×", *_row(name, speed)[3:]]
            for name, speed in measured.gpu.items()
        ]
        show(f"On the GPU, {_GPU_CLIENTS} questions at once: ours (torch) by each",
             ["", "tails/s", "ratio", "p50 s", "p99 s"], rows)  # fmt: skip
        if "vllm" in measured.gpu:
            goals.append(Goal("GPU: tails/s by vLLM's", ours.rate / measured.gpu["vllm"].rate, "≥", 1))
    for what, why in measured.left_out.items():
        say(f"{what}: {why}")
    if measured.statuses:
        say("answers by status: " + ", ".join(f"{status}: {n}" for status, n in sorted(measured.statuses.items())))
    finish("generation", said.output, _said(said, file, events, measured), goals)


def _row(name: str, speed: Speed, base: Speed | None = None) -> list[str]:
    ratio = "" if base is None else f"{speed.rate / base.rate:.1f} ×"
    return [name, f"{speed.rate:,.1f}", ratio, f"{speed.percentile(50):.3f}", f"{speed.percentile(99):.3f}"]


def _said(said: argparse.Namespace, file: str, events: int, measured: Measured) -> dict[str, Any]:
    names = ("clients", "rounds", "seconds", "questions", "starts", "seed")
    packages = {name: version(name) for name in ("torch", "transformers", "ctranslate2", "tokenizers")}
    if find_spec("vllm") is not None:
        packages["vllm"] = version("vllm")
    parts = {"busy": measured.busy, "alone": measured.alone, "gpu": measured.gpu}
    if measured.notebook.calls:
        parts["notebook"] = {"float32": measured.notebook}
    return {
        "settings": {name: getattr(said, name) for name in names} | {"packages": packages},
        "data": {"file": file, "questions": events, "counted": f"{DRAWN} sequences a question"},
        "models": measured.models,
        "measured": {part: {name: one.as_dict() for name, one in speeds.items()} for part, speeds in parts.items()},
        "first_answers": measured.starts,
        "different_tails": {name: sum(counts) for name, counts in measured.different.items()},
        "answers_by_status": measured.statuses,
        "left_out": measured.left_out,
    }


if __name__ == "__main__":
    main()
