"""The command line: cometgraph serve | load | infer | get | stats | settings."""

import sys
from typing import Any

import click

from service.options import SERVE, STORE, run, setting_options


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="cometgraph", message="%(version)s")
def cli() -> None:
    """Commonsense about events, as a graph: load it, ask it, serve it."""


@cli.command()
@setting_options(SERVE)
def serve(**flags: Any) -> None:
    """Answer over HTTP, until stopped.

    An empty store gets the sample graph first.
    """
    from service.serving import serve

    serve(flags)


@cli.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--format", metavar="NAME", help="atomic10x, atomic2020, atomic2019 or triples; else told from the file.")
@click.option("--split", metavar="NAME", help="Only rows of this split: train, dev (or val), test.")
@click.option("--min-p-valid", type=float, metavar="P", help="Only rows that the critic scored at least P.")
@click.option("--recall", metavar="R", help="Only rows that the critic keeps at recall 0.5, 0.6, 0.7, 0.8 or 0.9.")
@click.option("--origin", metavar="NAME", help="Where the rows come from; else what the file or its format says.")
@click.option("--strict", is_flag=True, help="Stop at the first row that is no triple, with nothing stored.")
@click.option("--report", metavar="FILE", help="Write what became of the rows, as JSON.")
@click.option("--offline", metavar="DIR", help="Write files for neo4j-admin to DIR, instead of loading into a store.")
@setting_options(STORE)
def load(**flags: Any) -> None:
    """Load triples from FILEs, folders of files, or standard input (-).

    Knows ATOMIC-10x JSONL, ATOMIC-2020 TSV, ATOMIC-2019 CSV and its own JSONL, each also as .gz. Every row is accounted
    for; rejected ones are written to FILE.rejected.jsonl. Loading twice, or again after a stop, changes nothing.
    """
    from service.loading import load

    load(flags)


@cli.command()
@click.argument("event", required=False)
@click.option("-r", "--relation", multiple=True, metavar="NAME", help="Relation, may be repeated; none means all.")
@click.option("--limit", metavar="N", help="At most N inferences for each relation. [default 10]")
@click.option("--mode", metavar="NAME", help="auto or graph. [default auto]")
@click.option("--min-p-valid", metavar="P", help="Only inferences scored at least P.")
@click.option("--origin", multiple=True, metavar="NAME", help="Only what this data set or model says, may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option(
    "--input", "input_", metavar="FILE", help='Questions, one {"event": …, "relation": …} a line; - for stdin.'
)
@click.option("--output", metavar="FILE", help="Answers to --input, one object a line, in order; else standard output.")
@setting_options(STORE)
def infer(**flags: Any) -> None:
    """What follows from EVENT, or lies behind it."""
    from service.asking import infer

    sys.exit(infer(flags))


@cli.command()
@click.argument("address", metavar="PATH")
@setting_options(SERVE)
def get(**flags: Any) -> None:
    """Answer one HTTP GET, such as "/infer?event=PersonX buys a car", without a server."""
    from service.asking import get

    sys.exit(get(flags))


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@setting_options(STORE)
def stats(**flags: Any) -> None:
    """How much is in the store."""
    from service.asking import stats

    stats(flags)


@cli.command()
@setting_options(SERVE)
def settings(**flags: Any) -> None:
    """Every setting: its value here, flag, environment variable and meaning."""
    from service.asking import settings

    settings(flags)


def main() -> None:
    """The console script."""
    sys.exit(run(cli))
