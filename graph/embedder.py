"""What makes vectors of texts: the one in the box, or whatever sentence-transformers loads."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.child import Progress, silent
from schemas.errors import BadFile, BadInput

IN_THE_BOX = "minilm"
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
class Made:
    """Which embedder made the vectors of an index."""

    name: str
    version: str
    dimension: int

    @classmethod
    def by(cls, embedder: Embedder) -> "Made":
        return cls(embedder.name, embedder.version, embedder.dimension)

    def __str__(self) -> str:
        return f"{self.name} ({self.version}, {self.dimension} dimensions)"

    def fits(self, other: "Made") -> bool:
        """True where vectors of both may be compared, whatever the embedder was called."""
        return (self.version, self.dimension) == (other.version, other.dimension)


def open_embedder(spec: str, threads: int, cache: Path, progress: Progress = silent) -> Embedder:
    """Load an embedder: `minilm`, a folder, or a hub's name. Takes seconds.

    Raises BadInput for what is no embedder, BadFile for damaged files, Unavailable where the cache cannot be written.
    """
    if spec == IN_THE_BOX:
        from graph.minilm import open_minilm

        return open_minilm(threads, cache, progress)
    return _SentenceTransformers(spec, threads)


class _SentenceTransformers:
    """Any model that sentence-transformers knows."""

    def __init__(self, spec: str, threads: int) -> None:
        here = Path(spec)
        if here.exists() and not any((here / name).exists() for name in ("modules.json", "config.json")):
            raise BadInput.of("embedder", spec, f"{IN_THE_BOX}, a folder with a modules.json, or a hub's name")
        if not here.exists() and (spec.startswith((".", "/", "~")) or spec.count("/") > 1):
            raise BadInput.of("embedder", spec, f"{IN_THE_BOX}, a folder that exists, or a hub's name")
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        torch.set_num_threads(threads)
        try:
            self._model: Any = SentenceTransformer(spec)
            first = np.asarray(self._model.encode(["a text"], show_progress_bar=False))
        except Exception as error:  # transformers, safetensors and the hub raise of every kind
            reason = str(error).strip().partition("\n")[0][:200] or type(error).__name__
            if here.exists():
                raise BadFile(spec, f"no embedder that sentence-transformers loads ({reason})") from error
            raise BadInput.of(
                "embedder", spec, f"{IN_THE_BOX}, a folder, or a hub's name that can be reached ({reason})"
            ) from error
        self.name = here.name or spec
        self.dimension = int(first.shape[1])
        self.version = version_of(here) if here.exists() else self._version()

    def embed(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        # It sorts by length itself.
        made = self._model.encode(list(texts), batch_size=64, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(made, np.float32)

    def close(self) -> None:
        self._model = None

    def _version(self) -> str:
        """Of the weights as they are in memory, as a hub's files have no folder of their own."""
        digest = hashlib.sha256()
        for name, weights in sorted(self._model.state_dict().items()):
            digest.update(name.encode() + weights.detach().cpu().float().numpy().tobytes())
        return digest.hexdigest()[:12]


def version_of(folder: Path) -> str:
    """Twelve hexadecimal digits that change with the files that decide what a vector is."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (path.suffix in (".safetensors", ".bin") or path.name in _DECISIVE):
            digest.update(f"{path.relative_to(folder)} {path.stat().st_size}\n".encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]


_DECISIVE = {"config.json", "modules.json", "tokenizer.json", "vocab.txt", "sentence_bert_config.json"}
