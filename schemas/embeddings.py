"""Sentence vectors: the protocol of an embedder, and its identity."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""Shape (number of texts, dimension), or (dimension,) for a single one."""


class Embedder(Protocol):
    """Turns texts into unit vectors. The vectors of similar texts are close. Safe to call from several threads."""

    name: str
    """Hugging Face model id, folder, or bundled."""
    version: str
    """Digest of the weights. Vectors of different versions are not comparable."""
    dimension: int
    """Length of a vector."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text. The other texts of the call change it by less than 1e-6."""
        ...

    def close(self) -> None:
        """Free the model."""
        ...


@dataclass(frozen=True, slots=True)
class EmbedderInfo:
    """Identity of the embedder behind an index."""

    name: str
    version: str
    dimension: int

    @classmethod
    def by(cls, embedder: Embedder) -> "EmbedderInfo":
        return cls(embedder.name, embedder.version, embedder.dimension)

    def __str__(self) -> str:
        return f"{self.name} ({self.version}, {self.dimension} dimensions)"

    def fits(self, other: "EmbedderInfo") -> bool:
        """True if the vectors of both are comparable. The name may differ."""
        return (self.version, self.dimension) == (other.version, other.dimension)
