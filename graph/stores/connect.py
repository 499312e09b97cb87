"""A store opened by its address."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from graph.stores.protocol import Neo4jLogin, Store
from schemas.errors import BadInput


@asynccontextmanager
async def open_store(
    address: str, *, read_only: bool = False, create: bool = True, threads: int = 2, login: Neo4jLogin | None = None
) -> AsyncGenerator[Store]:
    """Open the store at `address`: a folder, or bolt:// and neo4j:// URIs.

    A folder that is no store yet becomes one, unless read_only or told not to `create`.

    Raises BadInput for an address of no known kind, StoreUnavailable where a server does not answer,
    StoreLocked where another process writes to the folder.
    """
    if "://" in address:
        if not address.startswith(("bolt://", "bolt+s://", "bolt+ssc://", "neo4j://", "neo4j+s://", "neo4j+ssc://")):
            raise BadInput.of("store", address, "a folder, or an address bolt://… or neo4j://…")
        from graph.stores.neo4j.store import open_neo4j

        store = await open_neo4j(address, login or Neo4jLogin(), read_only=read_only)
    else:
        from graph.stores.embedded.store import open_embedded

        store = await open_embedded(Path(address), read_only=read_only, create=create, threads=threads)
    try:
        yield store
    finally:
        await store.close()
