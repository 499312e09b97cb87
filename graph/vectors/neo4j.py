"""The vector index of Neo4j on (:Event).embedding. An (:EventIndex) node names the embedder.

The vectors have half precision, as in the embedded index, so both give the same similarities.
"""

from collections.abc import Sequence

import numpy as np

from graph.stores.neo4j import cypher
from graph.stores.neo4j.store import Neo4jStore
from graph.stores.protocol import Store
from graph.vectors.protocol import REBUILD, Neighbor, check_dimension, check_embedder
from schemas.embeddings import EmbedderInfo, Vectors
from schemas.errors import StoreUnavailable

FORMAT = 1
_BATCH = 1_000
_SPARE = 10
_BEAM = 128
"""Minimum number of candidates of a search. Fewer miss some of the nearest."""


async def open_neo4j_index(store: Store, embedder: EmbedderInfo, *, read_only: bool, rebuild: bool) -> "Neo4jIndex":
    """See graph.vectors.connect.open_index."""
    assert isinstance(store, Neo4jStore)
    index = Neo4jIndex(store, embedder)
    await index.open(read_only=read_only, rebuild=rebuild)
    return index


class Neo4jIndex:
    """See graph.vectors.protocol.VectorIndex. The vector of an event is a property of its node."""

    def __init__(self, store: Neo4jStore, embedder: EmbedderInfo) -> None:
        self.repaired = ""
        self._store = store
        self._embedder = embedder

    async def open(self, *, read_only: bool, rebuild: bool) -> None:
        """Check version, embedder and state, and create or repair the index. Raises BadInput, StoreUnavailable."""
        rows = await self._store.read(cypher.EMBEDDER)
        if rows:
            [[version, *identity]] = rows
            indexed = EmbedderInfo(*identity)
            if version > FORMAT and not rebuild:
                raise StoreUnavailable(
                    f"{self._store.address} has an index of a newer version (index {version}, here {FORMAT}); "
                    f"`{REBUILD}` rebuilds it",
                    retry_after=None,
                )
            if version <= FORMAT and not (rebuild and not indexed.fits(self._embedder)):
                check_embedder(indexed, self._embedder)
                await self._check_state(read_only)
                return
        if read_only:
            raise StoreUnavailable(f"{self._store.address} has no index of its events; `{REBUILD}` creates it")
        await self._create()

    async def _check_state(self, read_only: bool) -> None:
        """Repair an index outside the state ONLINE. Raises StoreUnavailable if read_only."""
        states = [state for (state,) in await self._store.read(cypher.VECTOR_INDEX_STATE)]
        if states == ["ONLINE"]:
            return
        if read_only:
            raise StoreUnavailable(f"the vector index of {self._store.address} is not online; `{REBUILD}` repairs it")
        if states != ["POPULATING"]:
            self.repaired = f"the vector index was {'failed' if states else 'missing'}; it is rebuilt"
            await self._store.execute(cypher.DROP_VECTOR_INDEX)
        await self._create_vector_index()

    async def _create(self) -> None:
        """An index without vectors. The embedder is written last, so the next opening starts again after a stop."""
        await self._store.execute(cypher.DROP_VECTOR_INDEX)
        while (await self._store.write(cypher.REMOVE_VECTORS, limit=cypher.VECTOR_PAGE))[0][0]:
            pass
        await self._create_vector_index()
        properties = {
            "format": FORMAT,
            "embedder": self._embedder.name,
            "version": self._embedder.version,
            "dimension": self._embedder.dimension,
        }
        await self._store.write(cypher.SET_EMBEDDER, properties=properties)

    async def _create_vector_index(self) -> None:
        await self._store.execute(cypher.vector_index(self._embedder.dimension))
        await self._store.execute(cypher.AWAIT)

    async def nearest(self, vectors: Vectors, k: int, *, generated: bool = False) -> list[list[Neighbor]]:
        check_dimension(vectors, self._embedder)
        if not len(vectors):
            return []
        beam = max(_BEAM, 2 * k)
        neighbors = await self._nearest(vectors, k, beam, generated)
        if not generated and min(map(len, neighbors)) < k:
            # Most candidates may be events with generated triples only.
            size = await self.count()
            while beam < size and min(map(len, neighbors)) < k:
                beam *= 4
                neighbors = await self._nearest(vectors, k, beam, generated)
        return neighbors

    async def _nearest(self, vectors: Vectors, k: int, beam: int, generated: bool) -> list[list[Neighbor]]:
        neighbors: list[list[Neighbor]] = [[] for _ in range(len(vectors))]
        rows = await self._store.read(
            cypher.NEAREST, vectors=vectors.tolist(), k=k + _SPARE, beam=beam, generated=generated
        )
        for n, text, embedding in rows:
            row, vector = np.array(embedding, np.float32), vectors[n]
            cosine = float(row @ vector / np.linalg.norm(row) / np.linalg.norm(vector))
            neighbors[int(n)].append(Neighbor(text, cosine))
        return [sorted(some, key=lambda near: (-near.similarity, near.event))[:k] for some in neighbors]

    async def vectors(self, events: Sequence[str]) -> dict[str, Vectors]:
        rows = await self._store.read(cypher.VECTORS, texts=list(events))
        return {text: np.array(embedding, np.float32) for text, embedding in rows}

    async def missing(self, events: Sequence[str] | None = None) -> list[str]:
        if events is None:
            return [text for (text,) in await self._store.read(cypher.MISSING, seconds=None)]
        return [text for (text,) in await self._store.read(cypher.MISSING_OF, texts=list(events))]

    async def add(self, events: Sequence[str], vectors: Vectors) -> None:
        check_dimension(vectors, self._embedder)
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
