"""Vectors for all events of a store."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from graph.vectors.protocol import VectorIndex
from schemas.embeddings import Embedder, Vectors
from schemas.progress import Progress

_BATCH = 2_048
_AHEAD = 3
"""Batches under way in the embedder: no thread idles at the end of a batch, or while the index stores one."""


async def complete(index: VectorIndex, embedder: Embedder, progress: Progress) -> int:
    """Embed every event without a vector, and return their number.

    Each batch is durable at once. After a stop, a second call continues.
    """
    events = await index.missing()
    # In an order, say by length, the graph of neighbors misses five times as many of them.
    random.Random(0).shuffle(events)
    if events:
        progress("embedding the events", 0, len(events))
    done = 0
    async with aclosing(_embed(embedder, events)) as batches:
        async for batch, vectors in batches:
            await index.add(batch, vectors)
            done += len(batch)
            progress("embedding the events", done, len(events))
    if events:
        progress("indexing the vectors", 0, 0)
    await index.optimize()
    return len(events)


async def _embed(embedder: Embedder, events: Sequence[str]) -> AsyncGenerator[tuple[Sequence[str], Vectors]]:
    """Batches of events with their vectors, in order. _AHEAD batches are in the embedder at a time."""
    under_way: deque[tuple[Sequence[str], asyncio.Future[Vectors]]] = deque()
    try:
        for start in range(0, len(events), _BATCH):
            batch = events[start : start + _BATCH]
            under_way.append((batch, asyncio.ensure_future(asyncio.to_thread(embedder.embed, batch))))
            if len(under_way) == _AHEAD:
                first, vectors = under_way.popleft()
                yield first, await vectors
        while under_way:
            first, vectors = under_way.popleft()
            yield first, await vectors
    finally:
        for _, future in under_way:
            future.cancel()
