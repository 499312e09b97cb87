"""The vector index of a store, opened by the kind of the store."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from graph.stores.protocol import Store
from graph.vectors.protocol import VectorIndex
from schemas.embeddings import EmbedderInfo


@asynccontextmanager
async def open_index(
    store: Store, made: EmbedderInfo, *, read_only: bool = False, rebuild: bool = False
) -> AsyncGenerator[VectorIndex]:
    """The index beside a store, for vectors that `made` makes; one is begun where there is none.

    anew: what another embedder or a newer version made is thrown away, rather than refused. Damaged files are made
    anew by themselves, unless read_only. Raises BadInput where it is refused, StoreUnavailable.
    """
    if "://" in store.address:
        from graph.vectors.neo4j import open_neo4j_index

        index = await open_neo4j_index(store, made, read_only=read_only, rebuild=rebuild)
    else:
        from graph.vectors.embedded import open_embedded_index

        index = await open_embedded_index(store, made, read_only=read_only, rebuild=rebuild)
    try:
        yield index
    finally:
        await index.close()
