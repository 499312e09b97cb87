"""Stores what the student writes, many relations in one transaction."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from graph.stores.protocol import Store
from schemas.triples import Triple
from service.runtime.batcher import Batcher
from service.runtime.retriever import Retriever

KEPT_AT_ONCE = 64
"""Most relations whose tails are stored in one transaction."""


@asynccontextmanager
async def open_write_back(store: Store, retriever: Retriever | None) -> AsyncGenerator[Batcher[Sequence[Triple], None]]:
    """A queue that stores triples and gives their heads vectors."""

    async def add(written: Sequence[Sequence[Triple]]) -> list[None]:
        triples = [triple for some in written for triple in some]
        await store.add(triples)
        if retriever is not None:
            await retriever.learn([triple.head for triple in triples])
        return [None] * len(written)

    write_back = Batcher("write-back", add, size=KEPT_AT_ONCE, limit=100 * KEPT_AT_ONCE, patience=0.0, timeout=30.0)
    write_back.start()
    try:
        yield write_back
    finally:
        await write_back.close()
