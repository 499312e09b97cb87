"""Vectors for all events of a store that have none."""

import asyncio
import random
from collections import deque

from graph.stores.protocol import Progress
from graph.vectors.protocol import VectorIndex
from schemas.embeddings import Embedder, Vectors

_AT_ONCE = 2_048
_AHEAD = 3
"""Batches that are embedded or wait for it: no thread is idle at the end of one, nor while one is stored."""


async def complete(index: VectorIndex, embedder: Embedder, progress: Progress) -> int:
    """Embed every event of the store that has no vector; how many there were.

    Each batch is durable when it is done: stopped anywhere and run again, it goes on where it was.
    """
    events = await index.missing()
    # A graph of neighbours that is built in an order, say of length, misses five times as many of them.
    random.Random(0).shuffle(events)
    parts = [events[start : start + _AT_ONCE] for start in range(0, len(events), _AT_ONCE)]
    ahead: deque[asyncio.Future[Vectors]] = deque()
    try:
        for n, part in enumerate(parts):
            progress("embedding the events", n * _AT_ONCE, len(events))
            for later in parts[n + len(ahead) : n + _AHEAD]:
                ahead.append(asyncio.ensure_future(asyncio.to_thread(embedder.embed, later)))
            await index.add(part, await ahead.popleft())
    finally:
        for future in ahead:
            future.cancel()
    if events:
        progress("indexing the vectors", 0, 0)
    await index.optimize()
    return len(events)
