"""`cometgraph index`."""

import asyncio
import time

import click

from graph.vectors.build import complete
from schemas.embeddings import EmbedderInfo
from schemas.progress import Progress
from service.cli.options import EMBEDDER, STORE, setting_options
from service.cli.progress import progress_bar
from service.runtime.resources import open_resources
from service.runtime.vectors import open_vectors
from service.settings import Settings


@click.command()
@setting_options((*STORE, *EMBEDDER))
def index(settings: Settings) -> None:
    """Compute the missing vectors of stored events.

    `load` and `serve` do so too. This command also replaces an index of another --embedder or of a newer version.
    Stopped or killed, and run again, it continues.
    """
    started = time.perf_counter()
    with progress_bar() as progress:
        line, repaired = asyncio.run(_index(settings, progress))
    if repaired:
        click.echo(f"cometgraph: {repaired}", err=True)
    click.echo(f"{line}  in {time.perf_counter() - started:.1f} s")


async def _index(settings: Settings, progress: Progress) -> tuple[str, str]:
    """The line to print, and the repairs of the index files."""
    async with (
        open_resources(settings, create=False) as resources,
        open_vectors(resources.store, settings, progress, rebuild=True) as (embedder, vectors),
    ):
        added = await complete(vectors, embedder, progress)
        events = await vectors.count()
        return f"events {events:,}  embedded {added:,}  by {EmbedderInfo.by(embedder)}", vectors.repaired
