"""`cometgraph distill inferences`."""

import click

from distill.run.config import Config
from distill.run.place import Place
from service.cli.distill.run import run_to
from service.cli.distill.run_options import run_options


@click.command()
@run_options
def inferences(config: Config, place: Place) -> None:
    """Have the teacher write inferences about the events.

    Earlier stages run first, unless they are finished.
    """
    run_to("inferences", config, place)
