"""Embedders by name."""

from pathlib import Path

from distill.embedder.sentence_transformer import SentenceTransformersEmbedder
from distill.weights.minilm import MINILM
from schemas.embeddings import Embedder
from schemas.progress import Progress, silent


def open_embedder(spec: str, threads: int, cache: Path, progress: Progress = silent) -> Embedder:
    """Load an embedder. It takes seconds.

    spec: `minilm` for the bundled one, a folder, or a Hugging Face model id.
    threads: CPU threads.
    cache: see distill.weights.cache.
    Raises BadInput for an unknown embedder, BadFile for damaged files, Unavailable for a cache on a full disk.
    """
    if spec == MINILM:
        from distill.embedder.minilm import open_minilm

        return open_minilm(threads, cache, progress)
    return SentenceTransformersEmbedder(spec, threads)
