"""`cometgraph stats`."""

import asyncio

import click
import orjson

from service.cli.options import STORE, setting_options
from service.cli.table import print_table
from service.runtime.resources import open_resources
from service.runtime.status import Info, info_of
from service.settings import Settings

_TOTALS = ("events", "inferences", "triples", "not_applicable")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@setting_options(STORE)
def stats(settings: Settings, as_json: bool) -> None:
    """Count the events and triples of the store."""
    info = asyncio.run(_info(settings))
    if as_json:
        click.echo(orjson.dumps(info, option=orjson.OPT_NON_STR_KEYS).decode())
        return
    totals = [(name.replace("_", " "), getattr(info, name)) for name in _TOTALS]
    relations = [(f"  {relation.value}", count) for relation, count in info.triples_by_relation.items() if count]
    unknown = [(f"  {name} (not served: no file)", count) for name, count in info.unknown_relations.items()]
    click.echo(info.store)
    rows = [(name, f"{count:,}") for name, count in (*totals, *relations, *unknown)]
    print_table("", ("", ""), rows, right=(1,))


async def _info(settings: Settings) -> Info:
    async with open_resources(settings, read_only=True) as resources:
        return await info_of(resources, settings)
