"""Any model of sentence-transformers as an embedder."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from distill.weights.minilm import MINILM
from distill.weights.version import version_of
from schemas.embeddings import Vectors
from schemas.errors import BadFile, BadInput


class SentenceTransformersEmbedder:
    """See schemas.embeddings.Embedder. spec: a folder or a Hugging Face model id."""

    def __init__(self, spec: str, threads: int) -> None:
        folder = Path(spec)
        if folder.exists() and not any((folder / name).exists() for name in ("modules.json", "config.json")):
            raise BadInput.of("embedder", spec, f"{MINILM}, a folder with a modules.json, or a Hugging Face model id")
        if not folder.exists() and (spec.startswith((".", "/", "~")) or spec.count("/") > 1):
            raise BadInput.of("embedder", spec, f"{MINILM}, a folder that exists, or a Hugging Face model id")
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        torch.set_num_threads(threads)
        try:
            self._model: Any = SentenceTransformer(spec)
            first = np.asarray(self._model.encode(["a text"], show_progress_bar=False))
        except Exception as error:  # transformers, safetensors and the hub client raise errors of many classes
            reason = str(error).strip().partition("\n")[0][:200] or type(error).__name__
            if folder.exists():
                raise BadFile(spec, f"no embedder that sentence-transformers loads ({reason})") from error
            raise BadInput.of(
                "embedder", spec, f"{MINILM}, a folder, or the Hugging Face model id of an embedder ({reason})"
            ) from error
        self.name = folder.name or spec
        self.dimension = int(first.shape[1])
        self.version = version_of(folder) if folder.exists() else self._version()

    def embed(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        # it sorts by length itself
        vectors = self._model.encode(list(texts), batch_size=64, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, np.float32)

    def close(self) -> None:
        self._model = None

    def _version(self) -> str:
        """A digest of the weights in memory: the files of a Hugging Face model are spread over its cache."""
        digest = hashlib.sha256()
        for name, weights in sorted(self._model.state_dict().items()):
            digest.update(name.encode() + weights.detach().cpu().float().numpy().tobytes())
        return digest.hexdigest()[:12]
