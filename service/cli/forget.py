"""`cometgraph forget`: take back all that one data set or model said."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from graph.stores.forget import Forgotten
from graph.stores.protocol import Progress as Told
from service.cli.progress import progress
from service.runtime.resources import open_resources
from service.settings import load_settings


def forget(flags: Mapping[str, Any]) -> None:
    """Forget the origin that the flags name, and say what became of its edges. Raises CometgraphError, Stopped."""
    settings = load_settings({name: value for name, value in flags.items() if name != "origin"})
    started = time.perf_counter()

    async def work(told: Told) -> Forgotten:
        async with open_resources(settings, create=False) as resources:
            return await resources.store.forget(flags["origin"], told)

    with progress() as told:
        said = asdict(asyncio.run(work(told)))
    counts = "  ".join(f"{name} {number:,}" for name, number in said.items())
    click.echo(f"{counts}  in {time.perf_counter() - started:.1f} s")
