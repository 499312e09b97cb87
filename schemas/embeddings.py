"""Sentence vectors: the protocol of an embedder, and its identity."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Makes unit vectors; texts that are alike get vectors that are close. May be called from several threads.

    version: changes with the weights; vectors of different versions say nothing of one another.
    """

    name: str
    version: str
    dimension: int

    def embed(self, texts: Sequence[str]) -> Vectors:
        """A row for each text, of length one. What else is embedded with it changes a row by less than 1e-6."""
        ...

    def close(self) -> None:
        """Let go of the model."""
        ...


@dataclass(frozen=True, slots=True)
class EmbedderInfo:
    """Which embedder made the vectors of an index."""

    name: str
    version: str
    dimension: int

    @classmethod
    def by(cls, embedder: Embedder) -> "EmbedderInfo":
        return cls(embedder.name, embedder.version, embedder.dimension)

    def __str__(self) -> str:
        return f"{self.name} ({self.version}, {self.dimension} dimensions)"

    def fits(self, other: "EmbedderInfo") -> bool:
        """True where vectors of both may be compared, whatever the embedder was called."""
        return (self.version, self.dimension) == (other.version, other.dimension)
