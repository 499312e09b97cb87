"""`cometgraph distill score`."""

import asyncio
import time
from contextlib import closing

import click

from schemas.progress import Progress
from service.cli.options import STORE, setting_options
from service.cli.progress import progress_bar
from service.cli.stored_scores import critic_of, score_stored
from service.runtime.resources import open_resources
from service.settings import Settings


@click.command()
@click.option("--all", "is_all", is_flag=True, help="Replace scores that came with a data set, too.")
@setting_options((*STORE, "critic", "model_threads", "cache"))
def score(settings: Settings, is_all: bool) -> None:
    """Score stored triples.

    Stopped or killed, and run again, it continues.
    """
    started = time.perf_counter()
    with progress_bar() as progress:
        line = asyncio.run(_score(settings, is_all, progress))
    click.echo(f"{line}  in {time.perf_counter() - started:.1f} s")


async def _score(settings: Settings, is_all: bool, progress: Progress) -> str:
    async with open_resources(settings, create=False) as resources:
        with closing(await asyncio.to_thread(critic_of, settings, progress)) as critic:
            report = await score_stored(resources.store, critic, "all" if is_all else "critics", progress)
            return f"{report}  by {critic}"
