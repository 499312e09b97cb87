"""An embedder from any model of sentence-transformers."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from distill.weights.minilm import IN_THE_BOX
from distill.weights.version import version_of
from schemas.embeddings import Vectors
from schemas.errors import BadFile, BadInput


class SentenceTransformersEmbedder:
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
