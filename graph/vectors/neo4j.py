"""Neo4j's own vector index on (:Event).embedding; an (:EventIndex) node says which embedder made the vectors.

The vectors are rounded to half precision, as in the embedded index, so that both give the same similarities.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np

from graph.stores.neo4j import cypher
from graph.stores.neo4j.store import Neo4jStore
from graph.stores.protocol import Store
from graph.vectors.protocol import REBUILD, Neighbor, check_dimension, refuse_other
from schemas.embeddings import EmbedderInfo, Vectors
from schemas.errors import StoreUnavailable

FORMAT = 1
_BATCH = 1_000
_SPARE = 10
_BEAM = 128
"""So many neighbours are looked for, of which the nearest are taken: fewer would miss some."""


async def open_neo4j_index(store: Store, made: EmbedderInfo, *, read_only: bool, rebuild: bool) -> "Neo4jIndex":
    """See graph.vectors.connect.open_index."""
    index = Neo4jIndex(cast(Neo4jStore, store), made)
    await index.open(read_only=read_only, rebuild=rebuild)
    return index


class Neo4jIndex:
    """See graph.vectors.protocol.VectorIndex. A vector goes with its event's node."""

    def __init__(self, store: Neo4jStore, made: EmbedderInfo) -> None:
        self.repaired = ""
        self._store = store
        self._made = made

    async def open(self, *, read_only: bool, rebuild: bool) -> None:
        """See that it is there, online, and ours. Raises BadInput, StoreUnavailable."""
        said = await self._store.read(cypher.MADE)
        if said:
            [[version, *had]] = said
            if version > FORMAT and not rebuild:
                raise StoreUnavailable(
                    f"{self._store.address} has an index of a newer version (index {version}, here {FORMAT}); "
                    f"`{REBUILD}` makes it anew",
                    retry_after=None,
                )
            if version <= FORMAT and not (rebuild and not EmbedderInfo(*had).fits(self._made)):
                refuse_other(EmbedderInfo(*had), self._made)
                await self._see_it_is_there(read_only)
                return
        if read_only:
            raise StoreUnavailable(f"{self._store.address} has no index of its events; `{REBUILD}` makes it")
        await self._begin()

    async def _see_it_is_there(self, read_only: bool) -> None:
        states = [state for (state,) in await self._store.read(cypher.HAS_VECTOR_INDEX)]
        if states == ["ONLINE"]:
            return
        if read_only:
            raise StoreUnavailable(f"the vector index of {self._store.address} is not online; `{REBUILD}` makes it")
        if states != ["POPULATING"]:
            self.repaired = f"the vector index was {'failed' if states else 'missing'}; it is made again"
            await self._store.execute(cypher.DROP_VECTOR_INDEX)
        await self._make()

    async def _begin(self) -> None:
        """Without a vector. Killed in between, it is begun again: what says whose the vectors are is written last."""
        await self._store.execute(cypher.DROP_VECTOR_INDEX)
        while (await self._store.write(cypher.FORGET_VECTORS, limit=cypher.VECTOR_PAGE))[0][0]:
            pass
        await self._make()
        said = {"format": FORMAT, "embedder": self._made.name, "version": self._made.version}
        await self._store.write(cypher.SET_MADE, made=said | {"dimension": self._made.dimension})

    async def _make(self) -> None:
        await self._store.execute(cypher.vector_index(self._made.dimension))
        await self._store.execute(cypher.AWAIT)

    async def nearest(self, vectors: Vectors, k: int, *, generated: bool = False) -> list[list[Neighbor]]:
        check_dimension(vectors, self._made)
        if not len(vectors):
            return []
        beam = max(_BEAM, 2 * k)
        found = await self._nearest(vectors, k, beam, generated)
        if not generated and min(map(len, found)) < k:
            # Events of which only students spoke may have taken all the room among the neighbours.
            size = await self.count()
            while beam < size and min(map(len, found)) < k:
                beam *= 4
                found = await self._nearest(vectors, k, beam, generated)
        return found

    async def _nearest(self, vectors: Vectors, k: int, beam: int, generated: bool) -> list[list[Neighbor]]:
        found: list[list[Neighbor]] = [[] for _ in range(len(vectors))]
        rows = await self._store.read(
            cypher.NEAREST, vectors=vectors.tolist(), k=k + _SPARE, beam=beam, generated=generated
        )
        for n, text, embedding in rows:
            row, vector = np.array(embedding, np.float32), vectors[n]
            cosine = float(row @ vector / np.linalg.norm(row) / np.linalg.norm(vector))
            found[int(n)].append(Neighbor(text, cosine))
        return [sorted(some, key=lambda near: (-near.similarity, near.event))[:k] for some in found]

    async def vectors(self, events: Sequence[str]) -> dict[str, Vectors]:
        rows = await self._store.read(cypher.VECTORS, texts=list(events))
        return {text: np.array(embedding, np.float32) for text, embedding in rows}

    async def missing(self, events: Sequence[str] | None = None) -> list[str]:
        if events is None:
            return [text for (text,) in await self._store.read(cypher.MISSING, seconds=None)]
        return [text for (text,) in await self._store.read(cypher.MISSING_OF, texts=list(events))]

    async def add(self, events: Sequence[str], vectors: Vectors) -> None:
        check_dimension(vectors, self._made)
        rounded: list[list[float]] = vectors.astype(np.float16).astype(np.float32).tolist()
        rows = [list(row) for row in zip(events, rounded, strict=True)]
        for start in range(0, len(rows), _BATCH):
            await self._store.write(cypher.ADD_VECTORS, rows=rows[start : start + _BATCH])

    async def optimize(self) -> None:
        await self._store.execute(cypher.AWAIT)

    async def count(self) -> int:
        [[number]] = await self._store.read(cypher.COUNT_VECTORS, seconds=None)
        return number

    async def close(self) -> None:
        """The store's driver stays open."""
