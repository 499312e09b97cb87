"""`cometgraph index`: a vector for every event of the store."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import click

from graph.stores.protocol import Progress as Told
from graph.vectors.build import complete
from schemas.embeddings import EmbedderInfo
from service.cli.progress import progress
from service.runtime.resources import open_resources
from service.runtime.vectors import open_vectors
from service.settings import load_settings


def index(flags: Mapping[str, Any]) -> None:
    """Embed every event that has no vector. Raises CometgraphError, Stopped."""
    settings = load_settings(flags)
    started = time.perf_counter()

    async def work(told: Told) -> tuple[int, int, EmbedderInfo, str]:
        async with (
            open_resources(settings, create=False) as resources,
            open_vectors(resources.store, settings, told, rebuild=True) as (embedder, index),
        ):
            added = await complete(index, embedder, told)
            return added, await index.count(), EmbedderInfo.by(embedder), index.repaired

    with progress() as told:
        added, events, made, repaired = asyncio.run(work(told))
    if repaired:
        click.echo(f"cometgraph: {repaired}", err=True)
    click.echo(f"events {events:,}  embedded {added:,}  by {made}  in {time.perf_counter() - started:.1f} s")
