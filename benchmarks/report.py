"""What a benchmark says at its end: tables for people, the same as JSON for programs, and which goals were met."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks import machine

RESULTS = Path(__file__).parent / "results"
_console = Console(width=110, highlight=False)


@dataclass(frozen=True, slots=True)
class Goal:
    """A value and the bound that it should keep."""

    what: str
    value: float
    sign: Literal["≥", "≤", "<"]
    bound: float
    unit: str = "×"

    @property
    def is_met(self) -> bool:
        if self.sign == "≥":
            return self.value >= self.bound
        return self.value <= self.bound if self.sign == "≤" else self.value < self.bound

    def as_dict(self) -> dict[str, Any]:
        goal = f"{self.sign} {self.bound:g} {self.unit}"
        return {"what": self.what, "value": round(self.value, 3), "goal": goal, "met": self.is_met}


def parser(name: str, about: str | None) -> argparse.ArgumentParser:
    """The options that all benchmarks have."""
    options = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}", description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        default=RESULTS / f"{name}.json",
        help=f"where the result goes as JSON, default benchmarks/results/{name}.json",
    )
    options.add_argument("--seed", type=int, default=1, metavar="N", help="of all that is random, default 1")
    return options


def say(line: str) -> None:
    """A line on what is being done."""
    _console.print(line, style="dim", markup=False)


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: texts on the left, figures on the right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for n, column in enumerate(columns):
        table.add_column(column, justify="right" if n else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    _console.print(f"\n{title}", style="bold")
    _console.print(table)


def finish(name: str, output: Path, said: dict[str, Any], goals: Sequence[Goal]) -> None:
    """Print the goals and write the result."""
    rows = [[g.what, f"{g.value:.2f} {g.unit}", f"{g.sign} {g.bound:g} {g.unit}", "met" if g.is_met else "NOT MET"]
            for g in goals]  # fmt: skip
    show("Goals", ["", "measured", "goal", ""], rows)
    whole = {"benchmark": name, "machine": machine.describe()} | said | {"goals": [goal.as_dict() for goal in goals]}
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    say(f"\nwritten to {output.name}")
