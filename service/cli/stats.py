"""`cometgraph stats`: how much is in the store."""

import asyncio
from collections.abc import Mapping
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from service.runtime.resources import open_resources
from service.runtime.status import info_of
from service.settings import Settings, load_settings


def stats(flags: Mapping[str, Any]) -> None:
    """How much is in the store."""
    settings = load_settings({name: flags[name] for name in flags if name in Settings.model_fields})

    async def count() -> Any:
        async with open_resources(settings, read_only=True) as resources:
            return await info_of(resources, settings)

    info = asyncio.run(count())
    if flags["as_json"]:
        click.echo(orjson.dumps(info, option=orjson.OPT_NON_STR_KEYS).decode())
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name in ("events", "inferences", "triples", "not_applicable"):
        table.add_row(name.replace("_", " "), f"{getattr(info, name):,}")
    for relation, number in info.triples_by_relation.items():
        if number:
            table.add_row(f"  {relation.value}", f"{number:,}")
    Console().print(info.store)
    Console().print(table)
