"""`cometgraph distill run`, and the commands of single stages."""

from collections.abc import Mapping
from typing import Any, cast

import click

from distill.run.config import Config
from distill.run.place import Place
from distill.run.run import REPORT
from distill.run.run import run as run_stages
from schemas.errors import Unavailable
from service.cli.distill.run_options import run_options
from service.cli.progress import progress_bar
from service.cli.table import print_table


@click.command()
@run_options
def run(config: Config, place: Place) -> None:
    """Run all stages, or resume them.

    CONFIG is a TOML file, or one in the box: smoke, small, paper. Stopped or killed, and run again, it continues. No
    reply of the teacher is paid for twice.
    """
    run_to("student", config, place)


def run_to(last: str, config: Config, place: Place) -> None:
    """Run the stages up to the last, and print their counts. Raises Unavailable if the budget was too small."""
    with progress_bar() as progress:
        report = run_stages(config, place, progress, last)
    rows = [row for name, counts in report["stages"].items() for row in _rows(name, counts)]
    print_table("", ("stage", "", ""), rows, right=(2,))
    spent = report["spent"]
    dollars = sum(cost["nanodollars"] for cost in spent.values()) / 1e9
    attempts = ", ".join(f"{cost['calls']:,} {state}" for state, cost in spent.items())
    click.echo(f"attempts: {attempts or 'none'}; spent: {dollars:.4f} US dollars; report: {place.out / REPORT}")
    if report["budget_spent"]:
        raise Unavailable("the budget is spent, and calls are left; raise it and run again to go on", None)


def _rows(stage: str, counts: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Counts as rows of a table. Counts inside of counts are indented."""
    rows: list[tuple[str, str, str]] = []
    for name, value in counts.items():
        label = name.replace("_", " ")
        if isinstance(value, dict):
            parts = cast(dict[str, int], value)
            rows += [(stage, f"{label}: {key}", f"{count:,}") for key, count in parts.items()]
        elif isinstance(value, list):
            rows.append((stage, label, ", ".join(map(str, cast(list[int], value)))))
        else:
            rows.append((stage, label, f"{value:,}" if isinstance(value, int) else str(value)))
    return rows
