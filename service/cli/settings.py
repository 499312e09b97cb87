"""`cometgraph settings`."""

import os

import click
from click.core import ParameterSource

from service.cli.options import ALL, setting_options
from service.cli.table import print_table
from service.settings import Settings, flag, setting_text, variable


@click.command()
@setting_options(ALL)
def settings(values: Settings) -> None:
    """Show every setting with its value and its source.

    A flag beats its environment variable, and a variable beats the default. Secrets are shown as (set).
    """
    rows = [
        (flag(name), variable(name), setting_text(getattr(values, name)), _source(name), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    print_table("", ("flag", "variable", "value", "from", "meaning"), rows)


def _source(name: str) -> str:
    if click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE:
        return "flag"
    return "variable" if variable(name) in map(str.upper, os.environ) else "default"
