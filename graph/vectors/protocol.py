"""The protocol of an index of event vectors. It proposes stored events with a similar meaning."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.embeddings import EmbedderInfo, Vectors
from schemas.errors import BadInput

REBUILD = "cometgraph index"
"""The command that creates and rebuilds an index."""


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A stored event near a vector."""

    event: str
    similarity: float
    """Cosine of both vectors."""


class VectorIndex(Protocol):
    """Vectors of a store's events, in half precision. Every implementation passes the tests in tests/contract.

    All methods raise StoreUnavailable if the store does not answer.
    """

    repaired: str
    """Damage found at opening, with its repair. Empty without damage."""

    async def nearest(self, vectors: Vectors, k: int, *, generated: bool = False) -> list[list[Neighbor]]:
        """The `k` nearest events of each vector, the nearest first. Ties are in text order.

        vectors: shape (n, dimension).
        k: number of neighbors.
        generated: include events with generated triples only.

        Raises BadInput for another dimension.
        """
        ...

    async def vectors(self, events: Sequence[str]) -> dict[str, Vectors]:
        """The vector of each indexed event."""
        ...

    async def missing(self, events: Sequence[str] | None = None) -> list[str]:
        """The events without a vector. None: of the whole store.

        For the whole store it also removes vectors of deleted events.
        """
        ...

    async def add(self, events: Sequence[str], vectors: Vectors) -> None:
        """Add vectors of stored events. Events with a vector keep theirs. The vectors are durable at return.

        Raises BadInput for another dimension.
        """
        ...

    async def optimize(self) -> None:
        """Prepare a fast search after many additions."""
        ...

    async def count(self) -> int:
        """Number of events with a vector."""
        ...

    async def close(self) -> None:
        """Close the index. The store stays open."""
        ...


def check_embedder(indexed: EmbedderInfo, embedder: EmbedderInfo) -> None:
    """Raises BadInput for an index of another embedder."""
    if not indexed.fits(embedder):
        allowed = f"{indexed}, the embedder of this store's index; `{REBUILD}` rebuilds it for another one"
        raise BadInput.of("embedder", str(embedder), allowed)


def check_dimension(vectors: Vectors, embedder: EmbedderInfo) -> None:
    """Raises BadInput for vectors of another dimension."""
    if len(vectors) and vectors.shape[1] != embedder.dimension:
        message = f"vectors: they have {vectors.shape[1]} dimensions, the index has {embedder.dimension}"
        raise BadInput.of("vectors", vectors.shape[1], f"{embedder.dimension} dimensions", message)
