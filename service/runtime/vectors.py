"""Embedder and vector index of a store, for commands."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from distill.embedder.embedder import open_embedder
from graph.stores.protocol import Store
from graph.vectors.connect import open_index
from graph.vectors.protocol import VectorIndex
from schemas.embeddings import Embedder, EmbedderInfo
from schemas.progress import Progress
from service.runtime.specs import embedder_spec_of
from service.settings import Settings


@asynccontextmanager
async def open_vectors(
    store: Store, settings: Settings, progress: Progress, *, rebuild: bool = False
) -> AsyncGenerator[tuple[Embedder, VectorIndex]]:
    """The embedder of the settings, and its index of a store. Raises BadInput, BadFile, Unavailable."""
    spec = embedder_spec_of(settings)
    progress("loading the embedder", 0, 0)
    embedder = await asyncio.to_thread(open_embedder, spec.embedder, spec.threads, spec.cache)
    try:
        async with open_index(store, EmbedderInfo.by(embedder), rebuild=rebuild) as index:
            yield embedder, index
    finally:
        embedder.close()
