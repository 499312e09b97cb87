"""The vector index of a store."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from graph.stores.protocol import Store
from graph.vectors.protocol import VectorIndex
from schemas.embeddings import EmbedderInfo


@asynccontextmanager
async def open_index(
    store: Store, embedder: EmbedderInfo, *, read_only: bool = False, rebuild: bool = False
) -> AsyncGenerator[VectorIndex]:
    """Open the index of a store, or create it. Damaged files are rebuilt unless read_only.

    store: an open store.
    embedder: identity of the vectors' embedder.
    read_only: never create or rebuild.
    rebuild: replace an index of another embedder or of a newer version.

    Raises BadInput for an index of another embedder, and StoreUnavailable for a newer version or a missing index.
    """
    if store.kind == "neo4j":
        from graph.vectors.neo4j import open_neo4j_index

        index = await open_neo4j_index(store, embedder, read_only=read_only, rebuild=rebuild)
    else:
        from graph.vectors.embedded import open_embedded_index

        index = await open_embedded_index(store, embedder, read_only=read_only, rebuild=rebuild)
    try:
        yield index
    finally:
        await index.close()
