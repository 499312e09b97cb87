"""`cometgraph forget`."""

import asyncio
import time
from dataclasses import asdict

import click

from graph.stores.forget import Forgotten
from schemas.progress import Progress
from service.cli.options import STORE, setting_options
from service.cli.progress import progress_bar
from service.runtime.resources import open_resources
from service.settings import Settings


@click.command()
@click.option("--origin", required=True, metavar="NAME", help="Data set, or student:… for a student.")
@setting_options(STORE)
def forget(settings: Settings, origin: str) -> None:
    """Delete the triples of one origin.

    Triples of other origins stay. Stopped and run again, it completes the work.
    """
    started = time.perf_counter()
    with progress_bar() as progress:
        counts = asdict(asyncio.run(_forget(settings, origin, progress)))
    text = "  ".join(f"{name} {count:,}" for name, count in counts.items())
    click.echo(f"{text}  in {time.perf_counter() - started:.1f} s")


async def _forget(settings: Settings, origin: str, progress: Progress) -> Forgotten:
    async with open_resources(settings, create=False) as resources:
        return await resources.store.forget(origin, progress)
