"""`cometgraph index`: a vector for every event of the store, with progress; and the same as a part of `load`."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import click

from graph.embedder import Embedder, Made, open_embedder
from graph.index import Index, complete, open_index
from graph.store import Progress as Told
from graph.store import Store
from service.house import open_house, proposed_of
from service.progress import progress
from service.settings import Settings, load_settings


@asynccontextmanager
async def open_vectors(
    store: Store, settings: Settings, told: Told, *, anew: bool = False
) -> AsyncGenerator[tuple[Embedder, Index]]:
    """The embedder that the settings say, and its index of a store. Raises BadInput, BadFile, Unavailable."""
    spec = proposed_of(settings)
    told("loading the embedder", 0, 0)
    embedder = await asyncio.to_thread(open_embedder, spec.embedder, spec.threads, spec.cache)
    try:
        async with open_index(store, Made.by(embedder), anew=anew) as index:
            yield embedder, index
    finally:
        embedder.close()


def index(flags: Mapping[str, Any]) -> None:
    """Embed every event that has no vector. Raises CometgraphError, Stopped."""
    settings = load_settings(flags)
    started = time.perf_counter()

    async def work(told: Told) -> tuple[int, int, Made, str]:
        async with (
            open_house(settings, create=False) as house,
            open_vectors(house.store, settings, told, anew=True) as (embedder, index),
        ):
            added = await complete(index, embedder, told)
            return added, await index.count(), Made.by(embedder), index.repaired

    with progress() as told:
        added, events, made, repaired = asyncio.run(work(told))
    if repaired:
        click.echo(f"cometgraph: {repaired}", err=True)
    click.echo(f"events {events:,}  embedded {added:,}  by {made}  in {time.perf_counter() - started:.1f} s")
