"""The store at an address."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from graph.links import MIN_LINK
from graph.query.request import DEFAULT_LIMITS, QueryLimits
from graph.stores.protocol import Neo4jLogin, Store
from schemas.errors import BadInput


@asynccontextmanager
async def open_store(
    address: str,
    *,
    read_only: bool = False,
    create: bool = True,
    threads: int = 2,
    login: Neo4jLogin | None = None,
    queries: QueryLimits = DEFAULT_LIMITS,
    min_link: float = MIN_LINK,
) -> AsyncGenerator[Store]:
    """Open the store at `address`.

    address: a folder, or a bolt:// or neo4j:// URI.
    read_only: open without write access. Other processes may write.
    create: make a store in a new folder. Ignored with read_only.
    threads: query threads of the embedded store.
    login: user and database of Neo4j.
    queries: limits of strangers' queries.
    min_link: minimum confidence of new links.

    Raises BadInput for an unknown kind of address, StoreUnavailable for a server without an answer, and StoreLocked
    while another process writes to the folder.
    """
    if "://" in address:
        if not address.startswith(("bolt://", "bolt+s://", "bolt+ssc://", "neo4j://", "neo4j+s://", "neo4j+ssc://")):
            raise BadInput.of("store", address, "a folder, or an address bolt://… or neo4j://…")
        from graph.stores.neo4j.store import open_neo4j

        store = await open_neo4j(
            address, login or Neo4jLogin(), read_only=read_only, queries=queries, min_link=min_link
        )
    else:
        from graph.stores.embedded.store import open_embedded

        store = await open_embedded(
            Path(address), read_only=read_only, create=create, threads=threads, queries=queries, min_link=min_link
        )
    try:
        yield store
    finally:
        await store.close()
