"""`cometgraph match`."""

import asyncio
from typing import Any

import click
import orjson

from schemas.match import Matches, MatchQuestion
from service.answering.match import checked
from service.answering.match import match as match_event
from service.cli.candidates import print_candidates
from service.cli.options import MATCHING, STORE, setting_options
from service.runtime.resources import open_for_command
from service.runtime.wait_policy import WaitPolicy, waiting_as
from service.settings import Settings


@click.command()
@click.argument("event")
@click.option("--k", metavar="N", help="At most N stored events. [default 10]")
@click.option("--as-is", is_flag=True, default=None, help="Take EVENT word for word.")
@click.option("--generated", is_flag=True, default=None, help="Include events known only from students.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@setting_options((*STORE, *MATCHING, "cache"))
def match(settings: Settings, as_json: bool, **fields: Any) -> None:
    """List stored events with a similar meaning.

    Each has the judge's verdict and its reason.
    """
    question = checked({name: value for name, value in fields.items() if value is not None})
    with waiting_as(WaitPolicy.ENDLESS):
        result = asyncio.run(_match(settings, question))
    if as_json:
        click.echo(orjson.dumps(result).decode())
    else:
        print_candidates(result.event, result.candidates)


async def _match(settings: Settings, question: MatchQuestion) -> Matches:
    async with open_for_command(settings) as resources:
        return await match_event(question, resources)
