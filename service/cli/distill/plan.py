"""`cometgraph distill plan`."""

import click
import orjson

from distill.run.config import Config
from distill.run.place import Place
from distill.run.plan import Plan, Range
from distill.run.plan import plan as plan_of
from service.cli.distill.run_options import plan_options
from service.cli.table import print_table


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@plan_options
def plan(config: Config, place: Place, as_json: bool) -> None:
    """Show calls, money and time of a run before anything is paid.

    Also tokens and disk, each from its lowest to its highest figure.

    CONFIG is a TOML file, or one in the box: smoke, small, paper. With --out or --log it tells what is already paid.
    """
    result = plan_of(config, place, config.teacher.priced)
    if as_json:
        click.echo(orjson.dumps(result).decode())
        return
    _print(result, config)


def _print(result: Plan, config: Config) -> None:
    rows = [
        (
            stage.name,
            _span(stage.calls),
            f"{stage.paid:,}",
            _span(stage.tokens.times(1e-3)),
            _span(stage.dollars, 2),
            _span(stage.seconds.times(1 / 60)),
            _span(stage.bytes.times(1e-6)),
        )
        for stage in result.stages
    ]
    headings = ("stage", "calls", "paid", "K tokens", "dollars", "minutes", "MB")
    print_table("", headings, rows, unwrapped=(0,), right=range(1, 7))
    click.echo(f"kept triples: {_span(result.triples)}; figures of what is not yet paid")
    budget = config.budget
    limits = [
        f"{value:,} {name}"
        for name, value in (("US dollars", budget.dollars), ("tokens", budget.tokens), ("calls", budget.calls))
        if value is not None
    ]
    click.echo("budget: " + (", ".join(limits) or "none"))


def _span(values: Range, digits: int = 0) -> str:
    low, high = f"{values.low:,.{digits}f}", f"{values.high:,.{digits}f}"
    return low if low == high else f"{low} – {high}"
