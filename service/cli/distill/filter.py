"""`cometgraph distill filter`."""

import click

from distill.run.config import Config
from distill.run.place import Place
from service.cli.distill.run import run_to
from service.cli.distill.run_options import run_options


@click.command()
@run_options
def filter(config: Config, place: Place) -> None:
    """Score the inferences, and keep those above the threshold.

    Earlier stages run first, unless they are finished.
    """
    run_to("filter", config, place)
