"""The bundled embedder: all-MiniLM-L6-v2, computed by CTranslate2 on the CPU in float32.

It is converted once into CACHE/NAME-VERSION/ct2-float32. It is 2.5 times as fast as torch, with the same vectors to six
digits. int8 would be twice as fast again, but its cosine to the original vectors falls to 0.984 (docs/index.md).
Different events can be closer to one another.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distill.weights.cache import cached
from distill.weights.convert import convert
from distill.weights.minilm import MINILM, folder_of
from distill.weights.version import version_of
from schemas.embeddings import Vectors
from schemas.errors import BadFile
from schemas.progress import Progress

NAME = "all-MiniLM-L6-v2"
DIMENSION = 384
_MAX_TOKENS = 256
_AT_ONCE = 64
_NEEDED = ("config.json", "model.safetensors", "tokenizer.json")


def open_minilm(threads: int, cache: Path, progress: Progress) -> "MiniLm":
    """Load the embedder. Raises BadInput, BadFile, Unavailable."""
    return MiniLm(folder_of(MINILM, "embedder"), threads, cache, progress)


class MiniLm:
    """See schemas.embeddings.Embedder. A batch holds texts of similar length, and has one thread.

    Threads that share a batch wait for one another. On a busy machine that takes many times as long.
    """

    def __init__(self, folder: Path, threads: int, cache: Path, progress: Progress) -> None:
        import ctranslate2
        from tokenizers import Tokenizer

        for name in _NEEDED:
            if not (folder / name).is_file():
                raise BadFile(str(folder / name), "missing: the embedder needs it")
        self.name = NAME
        self.version = version_of(folder)
        self.dimension = DIMENSION
        try:
            # `from_file` raises plain Exception
            self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:
            raise BadFile(str(folder / "tokenizer.json"), f"no tokenizer ({error})") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_MAX_TOKENS)
        home = cache / f"{NAME}-{self.version}"
        weights = cached(home, "ct2-float32", partial(_convert, folder), "the embedder", progress)
        try:
            self._model: Any = ctranslate2.Encoder(  # pyright: ignore[reportUnknownMemberType] (compiled)
                str(weights), device="cpu", compute_type="float32", inter_threads=threads, intra_threads=1
            )
        except (RuntimeError, ValueError) as error:
            raise BadFile(str(weights), f"not readable by CTranslate2 ({error})") from error
        self._threads = ThreadPoolExecutor(threads, "embedder")

    def embed(self, texts: Sequence[str]) -> Vectors:
        tokens: list[list[int]] = [encoded.ids for encoded in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(tokens)), key=lambda n: len(tokens[n]))
        parts = [order[start : start + _AT_ONCE] for start in range(0, len(order), _AT_ONCE)]
        vectors = np.empty((len(tokens), DIMENSION), np.float32)
        if len(parts) == 1:
            vectors[order] = self._embed([tokens[n] for n in order])
            return vectors
        results = self._threads.map(self._embed, ([tokens[n] for n in part] for part in parts))
        for part, rows in zip(parts, results, strict=True):
            vectors[part] = rows
        return vectors

    def close(self) -> None:
        self._threads.shutdown()
        self._model.unload_model()

    def _embed(self, tokens: list[list[int]]) -> Vectors:
        """(texts, DIMENSION): the mean over the tokens of a text, with length one."""
        hidden: Vectors = np.array(self._model.forward_batch(tokens).last_hidden_state, np.float32)
        lengths = np.array([len(ids) for ids in tokens])
        places: NDArray[np.int64] = np.arange(int(hidden.shape[1]))
        is_token = np.less(places, lengths[:, None]).astype(np.float32)
        sums: Vectors = np.einsum("ntd,nt->nd", hidden, is_token)
        return sums / np.linalg.norm(sums, axis=1, keepdims=True)


def _convert(source: Path, target: Path, progress: Progress) -> None:
    progress("preparing the embedder", 0, 0)
    convert(source, target, "float32")
