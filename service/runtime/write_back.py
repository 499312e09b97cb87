"""Stores generated triples: a queue, and transactions of many relations."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from graph.stores.protocol import Store
from schemas.triples import Triple
from service.runtime.batcher import Batcher
from service.runtime.retriever import Retriever

STORED_AT_ONCE = 64
"""Maximum relations of one transaction."""


@asynccontextmanager
async def open_write_back(store: Store, retriever: Retriever | None) -> AsyncGenerator[Batcher[Sequence[Triple], None]]:
    """A queue for generated triples. They are stored, and their heads get vectors."""

    async def add(batch: Sequence[Sequence[Triple]]) -> list[None]:
        triples = [triple for some in batch for triple in some]
        await store.add(triples)
        if retriever is not None:
            await retriever.learn([triple.head for triple in triples])
        return [None] * len(batch)

    write_back = Batcher("write-back", add, size=STORED_AT_ONCE, limit=100 * STORED_AT_ONCE, patience=0.0, timeout=30.0)
    write_back.start()
    try:
        yield write_back
    finally:
        await write_back.close()
