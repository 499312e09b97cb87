"""The vector index of a store, opened by the kind of the store."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from graph.stores.protocol import Store
from graph.vectors.protocol import Index
from schemas.embeddings import Made


@asynccontextmanager
async def open_index(store: Store, made: Made, *, read_only: bool = False, anew: bool = False) -> AsyncGenerator[Index]:
    """The index beside a store, for vectors that `made` makes; one is begun where there is none.

    anew: what another embedder or a newer version made is thrown away, rather than refused. Damaged files are made
    anew by themselves, unless read_only. Raises BadInput where it is refused, StoreUnavailable.
    """
    if "://" in store.address:
        from graph.vectors.neo4j import open_neo4j_index

        index = await open_neo4j_index(store, made, read_only=read_only, anew=anew)
    else:
        from graph.vectors.embedded import open_embedded_index

        index = await open_embedded_index(store, made, read_only=read_only, anew=anew)
    try:
        yield index
    finally:
        await index.close()
