"""A causal critic on the CPU: CTranslate2 in int8, one step of generation for each triple.

A batch has prompts of one length. Without padding, the other prompts of a batch do not change a logit.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distill.critic.prompt import prompt
from distill.engines.engine import without_cache
from distill.weights.cache import cached
from schemas.errors import BadFile
from schemas.progress import Progress

_ANSWERS = "answers.json"
_BATCH = 32
"""Most prompts of one length in one batch."""


def open_reader(folder: Path, base: str, cache_dir: Path, threads: int, progress: Progress) -> "CausalReader":
    """Load a critic's model, after its conversion at first use. Raises BadFile, NotConvertible, Unavailable.

    folder: the critic's.
    base: see `load_base`.
    cache_dir: the critic's part of the cache.
    threads: on the CPU.
    """
    import ctranslate2
    from tokenizers import Tokenizer

    weights = cached(cache_dir, "critic-int8", partial(_convert, folder, base), "the critic", progress)
    try:
        model: Any = ctranslate2.Generator(str(weights), device="cpu", compute_type="int8", intra_threads=threads)
        tokenizer: Any = without_cache(Tokenizer.from_file(str(weights / "tokenizer.json")))
        yes, no = json.loads((weights / _ANSWERS).read_text())
    except Exception as error:  # tokenizers and CTranslate2 have no common base
        raise BadFile(str(weights), f"not readable ({error})") from error
    return CausalReader(model, tokenizer, yes, no)


class CausalReader:
    """See distill.critic.critic.Reader. yes, no: the tokens of both answers."""

    def __init__(self, model: Any, tokenizer: Any, yes: int, no: int) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._yes = yes
        self._no = no

    def logits(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        prompts = [self._tokenizer.encode(prompt(pair), add_special_tokens=False).tokens for pair in pairs]
        by_length: dict[int, list[int]] = defaultdict(list)
        for place, tokens in enumerate(prompts):
            by_length[len(tokens)].append(place)
        logits = np.zeros(len(pairs))
        for places in by_length.values():
            for start in range(0, len(places), _BATCH):
                part = places[start : start + _BATCH]
                logits[part] = self._read([prompts[n] for n in part])
        return logits

    def close(self) -> None:
        self._model.unload_model()

    def _read(self, prompts: Sequence[Sequence[str]]) -> list[float]:
        results = self._model.generate_batch(
            prompts, max_length=1, include_prompt_in_result=False, return_logits_vocab=True
        )
        steps = [np.array(result.logits[0][0], np.float64).reshape(-1) for result in results]
        return [float(step[self._yes] - step[self._no]) for step in steps]


def _convert(folder: Path, base: str, target: Path, progress: Progress) -> None:
    from tempfile import TemporaryDirectory

    from distill.critic.causal import answers
    from distill.training import lora
    from distill.weights.base_models import load_base, save_plain
    from distill.weights.convert import convert_generator

    progress("preparing the critic", 0, 0)
    loaded = load_base(base)
    lora.merge(loaded.model, folder)
    with TemporaryDirectory(dir=target) as merged:
        save_plain(loaded.model, loaded.tokenizer, Path(merged))
        convert_generator(Path(merged), target, "int8")
    (target / _ANSWERS).write_text(json.dumps(answers(loaded)))
