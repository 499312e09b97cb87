"""An embedder, opened by its name."""

from pathlib import Path

from distill.embedder.sentence_transformer import SentenceTransformersEmbedder
from distill.weights.minilm import IN_THE_BOX
from schemas.embeddings import Embedder
from schemas.progress import Progress, silent


def open_embedder(spec: str, threads: int, cache: Path, progress: Progress = silent) -> Embedder:
    """Load an embedder: `minilm`, a folder, or a hub's name. Takes seconds.

    Raises BadInput for what is no embedder, BadFile for damaged files, Unavailable where the cache cannot be written.
    """
    if spec == IN_THE_BOX:
        from distill.embedder.minilm import open_minilm

        return open_minilm(threads, cache, progress)
    return SentenceTransformersEmbedder(spec, threads)
