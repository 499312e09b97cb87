"""Embedder and vector index of a store, for commands."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from distill.embedder.embedder import open_embedder
from graph.stores.protocol import Progress as Told
from graph.stores.protocol import Store
from graph.vectors.connect import open_index
from graph.vectors.protocol import Index
from schemas.embeddings import Embedder, Made
from service.runtime.specs import proposed_of
from service.settings import Settings


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
