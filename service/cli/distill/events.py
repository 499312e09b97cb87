"""`cometgraph distill events`."""

import click

from distill.run.config import Config
from distill.run.place import Place
from service.cli.distill.run import run_to
from service.cli.distill.run_options import run_options


@click.command()
@run_options
def events(config: Config, place: Place) -> None:
    """Have the teacher write events.

    Earlier stages run first, unless they are finished.
    """
    run_to("events", config, place)
