"""The index of event vectors beside a store: it proposes stored events that are like a text."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from graph.embedder import Embedder, Made, Vectors
from graph.store import Progress, Store
from schemas.errors import BadInput

REBUILD = "cometgraph index"
_AT_ONCE = 2_048
_AHEAD = 3
"""Batches that are embedded or wait for it: no thread is idle at the end of one, nor while one is stored."""


@dataclass(frozen=True, slots=True)
class Near:
    """A stored event, and the cosine of its vector and the asked one."""

    event: str
    similarity: float


class Index(Protocol):
    """Vectors of a store's events, rounded to half precision. Both kinds pass the contract suite in tests/.

    What is added is durable when `add` returns. All methods raise StoreUnavailable where the store does not answer.

    repaired: what was wrong with its files when it was opened, and is mended, or will be by `complete`; "" if nothing.
    """

    repaired: str

    async def nearest(self, vectors: Vectors, k: int, *, generated: bool = False) -> list[list[Near]]:
        """For each vector the `k` nearest events, the nearest first; those that are as near, by text.

        generated: also events of which only students spoke.
        """
        ...

    async def vectors(self, events: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of those of some events that have one."""
        ...

    async def missing(self, events: Sequence[str] | None = None) -> list[str]:
        """Of some events, or of all in the store, those without a vector.

        Asked of all, it also lets go of vectors whose events the store no longer has.
        """
        ...

    async def add(self, events: Sequence[str], vectors: Vectors) -> None:
        """Vectors of events that are in the store; those that have one keep it."""
        ...

    async def settle(self) -> None:
        """After many were added: returns when searching them is as fast as it will be."""
        ...

    async def count(self) -> int:
        """How many events have a vector."""
        ...

    async def close(self) -> None:
        """Let go of it; the store stays open."""
        ...


@asynccontextmanager
async def open_index(store: Store, made: Made, *, read_only: bool = False, anew: bool = False) -> AsyncGenerator[Index]:
    """The index beside a store, for vectors that `made` makes; one is begun where there is none.

    anew: what another embedder or a newer version made is thrown away, rather than refused. Damaged files are made
    anew by themselves, unless read_only. Raises BadInput where it is refused, StoreUnavailable.
    """
    if "://" in store.address:
        from graph.neo4j_index import open_neo4j_index

        index = await open_neo4j_index(store, made, read_only=read_only, anew=anew)
    else:
        from graph.embedded_index import open_embedded_index

        index = await open_embedded_index(store, made, read_only=read_only, anew=anew)
    try:
        yield index
    finally:
        await index.close()


def refuse_other(had: Made, made: Made) -> None:
    """Raises BadInput where the vectors of an index were made by another embedder."""
    if not had.fits(made):
        raise BadInput.of(
            "embedder", str(made), f"{had}, which made the index of this store; `{REBUILD}` makes it anew for another"
        )


def check_dimension(vectors: Vectors, made: Made) -> None:
    """Raises BadInput for vectors that are no vectors of this index."""
    if len(vectors) and vectors.shape[1] != made.dimension:
        raise BadInput.of("vectors", f"{vectors.shape[1]} dimensions", f"of {made.dimension} dimensions")


async def complete(index: Index, embedder: Embedder, progress: Progress) -> int:
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
    await index.settle()
    return len(events)
