"""The index of event vectors beside a store: it proposes stored events that are like a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.embeddings import EmbedderInfo, Vectors
from schemas.errors import BadInput

REBUILD = "cometgraph index"


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A stored event, and the cosine of its vector and the asked one."""

    event: str
    similarity: float


class VectorIndex(Protocol):
    """Vectors of a store's events, rounded to half precision. Both kinds pass the contract suite in tests/.

    What is added is durable when `add` returns. All methods raise StoreUnavailable where the store does not answer.

    repaired: what was wrong with its files when it was opened, and is mended, or will be by `complete`; "" if nothing.
    """

    repaired: str

    async def nearest(self, vectors: Vectors, k: int, *, generated: bool = False) -> list[list[Neighbor]]:
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

    async def optimize(self) -> None:
        """After many were added: returns when searching them is as fast as it will be."""
        ...

    async def count(self) -> int:
        """How many events have a vector."""
        ...

    async def close(self) -> None:
        """Let go of it; the store stays open."""
        ...


def refuse_other(had: EmbedderInfo, made: EmbedderInfo) -> None:
    """Raises BadInput where the vectors of an index were made by another embedder."""
    if not had.fits(made):
        raise BadInput.of(
            "embedder", str(made), f"{had}, which made the index of this store; `{REBUILD}` makes it anew for another"
        )


def check_dimension(vectors: Vectors, made: EmbedderInfo) -> None:
    """Raises BadInput for vectors that are no vectors of this index."""
    if len(vectors) and vectors.shape[1] != made.dimension:
        raise BadInput.of("vectors", f"{vectors.shape[1]} dimensions", f"of {made.dimension} dimensions")
