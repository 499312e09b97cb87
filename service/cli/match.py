"""`cometgraph match`: stored events that mean the same."""

import asyncio
from collections.abc import Mapping
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from schemas.match import Matches
from service.answering import match as matches
from service.runtime.resources import open_for_command
from service.runtime.wait_policy import WaitPolicy, waiting_as
from service.settings import Settings, load_settings


def match(flags: Mapping[str, Any]) -> None:
    """Which stored events mean the same as one, as a table or as JSON."""
    settings = load_settings({name: flags[name] for name in flags if name in Settings.model_fields})
    asked = {name: flags[name] for name in ("event", "k", "as_is", "generated") if flags[name] is not None}
    question = matches.checked(asked)

    async def one() -> Matches:
        async with open_for_command(settings) as resources:
            return await matches.match(question, resources)

    with waiting_as(WaitPolicy.ENDLESS):
        said = asyncio.run(one())
    if flags["as_json"]:
        click.echo(orjson.dumps(said).decode())
        return
    table = Table(title=said.event, title_justify="left", box=None, pad_edge=False)
    for column in ("same", "event", "similarity", "confidence", "reason"):
        table.add_column(column)
    for one_ in said.candidates:
        scores = (f"{one_.similarity:.3f}", f"{one_.confidence:.3f}")
        table.add_row("yes" if one_.same else "", one_.event, *scores, one_.reason)
    Console().print(table)
