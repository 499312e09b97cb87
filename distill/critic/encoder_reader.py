"""An encoder critic on the CPU: CTranslate2 in int8, and the head in numpy.

A batch has pairs of one length. Without padding, the other pairs of a batch do not change a logit.
"""

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distill.critic.pairs import HEAD, open_tokenizer, source_of
from distill.weights.cache import cached
from distill.weights.convert import convert
from distill.weights.minilm import load_encoder
from schemas.errors import BadFile
from schemas.progress import Progress

_BATCH = 32
"""Most pairs of one length in one batch."""


def open_reader(folder: Path, base: str, cache_dir: Path, threads: int, progress: Progress) -> "EncoderReader":
    """Load a critic's encoder, after its conversion at first use. Raises BadFile, Unavailable.

    folder: the critic's.
    base: see `source_of`.
    cache_dir: the critic's part of the cache.
    threads: on the CPU.
    """
    import ctranslate2
    from safetensors.numpy import load_file

    weights = cached(cache_dir, "critic-int8", partial(_convert, folder, base), "the critic", progress)
    try:
        encoder = ctranslate2.Encoder(
            str(weights), device="cpu", compute_type="int8", inter_threads=threads, intra_threads=1
        )
        head = {name: tensor.astype(np.float64) for name, tensor in load_file(folder / HEAD).items()}
    except Exception as error:  # safetensors and CTranslate2 have no common base
        raise BadFile(str(folder), f"not readable ({error})") from error
    return EncoderReader(encoder, open_tokenizer(base), head, threads)


class EncoderReader:
    """See distill.critic.critic.Reader."""

    def __init__(self, encoder: Any, tokenizer: Any, head: dict[str, NDArray[np.float64]], threads: int) -> None:
        self._encoder = encoder
        self._tokenizer = tokenizer
        self._head = head
        self._threads = ThreadPoolExecutor(threads, "critic reads")

    def logits(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        encodings = self._tokenizer.encode_batch(list(pairs))
        by_length: dict[int, list[int]] = defaultdict(list)
        for place, encoding in enumerate(encodings):
            by_length[len(encoding.ids)].append(place)
        batches = [places[n : n + _BATCH] for places in by_length.values() for n in range(0, len(places), _BATCH)]
        logits = np.zeros(len(pairs))
        read = self._threads.map(self._read, ([encodings[n] for n in places] for places in batches))
        for places, batch in zip(batches, read, strict=True):
            logits[places] = batch
        return logits

    def close(self) -> None:
        self._threads.shutdown()
        self._encoder.unload_model()

    def _read(self, encodings: Sequence[Any]) -> NDArray[np.float64]:
        """Logits of pairs of one length, (pairs,): the head of distill.critic.encoder in float64.

        Its rounding then hides below the four digits of a probability, whatever the size of the batch.
        """
        types = [e.type_ids for e in encodings]
        options = {"token_type_ids": types} if any(map(any, types)) else {}  # RoBERTa has no weights for types
        output = self._encoder.forward_batch([e.ids for e in encodings], **options)
        states = np.array(output.last_hidden_state).astype(np.float64)
        masks = np.array([[[side == n for side in e.sequence_ids] for e in encodings] for n in (0, 1)], np.float64)
        a, b = (np.einsum("ptw,pt->pw", states, m) / m.sum(1, keepdims=True).clip(1) for m in masks)
        joint = np.concatenate([a, b, np.abs(a - b), a * b], axis=1)
        hidden = _gelu(joint @ self._head["hidden.weight"].T + self._head["hidden.bias"])
        return (hidden @ self._head["out.weight"].T + self._head["out.bias"])[:, 0]


def _gelu(x: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import erf  # only the models' process needs it

    return 0.5 * x * (1 + erf(x / np.sqrt(2.0)))


def _convert(folder: Path, base: str, target: Path, progress: Progress) -> None:
    from transformers import AutoTokenizer

    from distill.training import lora

    progress("preparing the critic", 0, 0)
    encoder = load_encoder(source_of(base))
    lora.merge(encoder, folder)
    with TemporaryDirectory(dir=target) as merged:
        encoder.save_pretrained(merged)
        tokenizer: Any = AutoTokenizer.from_pretrained(source_of(base))
        tokenizer.save_pretrained(merged)
        convert(Path(merged), target, "int8")
