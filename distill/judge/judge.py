"""The judge: whether a stored event is the same as the asked one, how sure that is, and why.

Cheap things first: what a rule refuses is not the same, what differs in empty words alone is; the rest is put to the
cross-encoder, the most alike first, at most `MOST` of them.
"""

import json
import math
import shutil
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distill.judge import IN_THE_BOX
from distill.judge.calibration import Calibration
from distill.judge.features import features
from distill.judge.inputs import HEAD, open_tokenizer, with_first_names
from distill.judge.rules import EventWords, difference, same_words, sides, stored_sides
from distill.weights.cache import kept, version_of
from distill.weights.minilm import folder_of, load_encoder
from schemas.errors import BadFile, BadInput
from schemas.progress import Progress

_BOX = Path(__file__).parent / "pretrained"
MOST = 4
"""Most candidates of one event that the cross-encoder reads."""
_SAME_WORDS = 0.98
"""Confidence where only words differ that change nothing: what such pairs come to on the dev pairs."""

LEAST_ALIKE = 0.2
"""Cosine below which a candidate is not read: of the same events of the dev pairs hardly one lies there."""
FAR = 0.7
_FAR_LOG_ODDS = -1.1
"""Below the cosine FAR the odds of "the same" are a third: of the dev pairs there four in ten are the same, of what an
index proposes, where nothing nearer is stored, hardly one.
"""
_MOST_SURE = 0.97
"""The cross-encoder's highest confidence: the pairs that it is calibrated on are too few to tell more."""
_AT_ONCE = 64
"""Most pairs of one length that are read in one batch."""
_READ = "read by the cross-encoder"
_UNREAD = f"not read: {MOST} others are more alike"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored event, and the cosine of its vector and the asked event's."""

    event: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one candidate. same: from the judge's own threshold on; a caller may set another by `confidence`."""

    event: str
    similarity: float
    confidence: float
    same: bool
    reason: str


@dataclass(slots=True)
class Judge:
    """Blocks while it computes; asked by one thread at a time, it reads pairs of different lengths on several."""

    name: str
    version: str
    calibration: Calibration
    _encoder: Any
    _tokenizer: Any
    _head: dict[str, NDArray[np.float32]]
    _readers: ThreadPoolExecutor

    @property
    def threshold(self) -> float:
        """Least confidence for "the same": chosen on dev pairs, for a stated precision."""
        return self.calibration.threshold

    def judge(self, asked: Sequence[str], candidates: Sequence[Sequence[Candidate]]) -> list[list[Verdict]]:
        """A verdict for each candidate of each asked event, the likeliest to be the same first."""
        compared = [sides(event) for event in asked]
        ruled = [[self._by_rule(event, one) for one in some] for event, some in zip(compared, candidates, strict=True)]
        unruled = [
            sorted((c for c, verdict in zip(some, said, strict=True) if verdict is None), key=lambda c: -c.similarity)
            for some, said in zip(candidates, ruled, strict=True)
        ]
        pairs = [(event, c) for event, some in zip(compared, unruled, strict=True) for c in some[:MOST]]
        read = iter(self._read(pairs))
        verdicts: list[list[Verdict]] = []
        for said, some in zip(ruled, unruled, strict=True):
            by_rule = [verdict for verdict in said if verdict is not None]
            by_model = [next(read) for _ in some[:MOST]]
            unread = [Verdict(c.event, c.similarity, 0.0, same=False, reason=_UNREAD) for c in some[MOST:]]
            verdicts.append(
                sorted([*by_rule, *by_model, *unread], key=lambda v: (-v.confidence, -v.similarity, v.event))
            )
        return verdicts

    def _by_rule(self, asked: EventWords, one: Candidate) -> Verdict | None:
        if asked.text == one.event:
            return Verdict(one.event, one.similarity, 1.0, same=True, reason="the same text")
        stored = stored_sides(one.event)
        if (reason := difference(asked, stored)) is not None:
            return Verdict(one.event, one.similarity, 0.0, same=False, reason=reason)
        if one.similarity < LEAST_ALIKE:
            reason = f"too little alike: similarity below {LEAST_ALIKE}"
            return Verdict(one.event, one.similarity, 0.0, same=False, reason=reason)
        if same_words(asked, stored):
            return Verdict(one.event, one.similarity, _SAME_WORDS, same=True, reason="the same words")
        return None

    def _read(self, pairs: Sequence[tuple[EventWords, Candidate]]) -> list[Verdict]:
        """What the cross-encoder says. Pairs of one length make a batch: then company changes no number."""
        logits = np.zeros(len(pairs), dtype=np.float32)
        similarities = np.array([one.similarity for _, one in pairs], dtype=np.float32)
        stored = [stored_sides(one.event) for _, one in pairs]
        compared = features([asked for asked, _ in pairs], stored, similarities)
        encodings = [
            self._tokenizer.encode(with_first_names(asked.text), with_first_names(one.event)) for asked, one in pairs
        ]
        by_length: dict[int, list[int]] = defaultdict(list)
        for place, encoding in enumerate(encodings):
            by_length[len(encoding.ids)].append(place)
        batches = [places[n : n + _AT_ONCE] for places in by_length.values() for n in range(0, len(places), _AT_ONCE)]
        states = self._readers.map(self._states, ([encodings[n] for n in places] for places in batches))
        for places, read in zip(batches, states, strict=True):
            logits[places] = self._logits(read, [encodings[n].sequence_ids for n in places], compared[places])
        shift = np.where(similarities < FAR, _FAR_LOG_ODDS, 0.0)
        confidences = np.minimum(self.calibration.confidence(logits, shift), _MOST_SURE)
        return [
            Verdict(one.event, one.similarity, round(float(c), 4), bool(c >= self.threshold), _READ)
            for (_, one), c in zip(pairs, confidences, strict=True)
        ]

    def _states(self, encodings: Sequence[Any]) -> NDArray[np.float32]:
        """(pairs, tokens, width) of pairs of one length."""
        types = [e.type_ids for e in encodings]
        return np.array(self._encoder.forward_batch([e.ids for e in encodings], token_type_ids=types).last_hidden_state)

    def close(self) -> None:
        """Let go of its threads and model."""
        self._readers.shutdown()
        self._encoder.unload_model()

    def _logits(
        self, states: NDArray[np.float32], sides: Sequence[Sequence[int | None]], compared: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """(pairs, tokens, width) and (pairs, WIDTH) → (pairs,): the head of distill.judge.cross_encoder in numpy."""
        masks = np.array([[[side == n for side in row] for row in sides] for n in (0, 1)], dtype=np.float32)
        a, b = (np.einsum("ptw,pt->pw", states, m) / m.sum(1, keepdims=True).clip(1) for m in masks)
        read = np.concatenate([np.abs(a - b), a * b, np.maximum(a, b), np.minimum(a, b), compared], axis=1)
        hidden = read @ self._head["hidden.weight"].T + self._head["hidden.bias"]
        return (_gelu(hidden) @ self._head["out.weight"].T + self._head["out.bias"])[:, 0]


def _gelu(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return 0.5 * x * (1 + _erf(x / np.sqrt(2.0, dtype=np.float32)))


_erf = np.vectorize(math.erf, otypes=[np.float32])


def open_judge(name: str, cache: Path, threads: int, progress: Progress) -> Judge:
    """The judge in the box by name, or a folder that `cometgraph distill judge` wrote; converted on first use.

    Raises BadInput for what is no judge, BadFile for a damaged one, Unavailable where it cannot be prepared here.
    """
    folder = _BOX / name if name == IN_THE_BOX else Path(name)
    if not (folder / "judge.json").exists():
        raise BadInput.of("judge", name, f"{IN_THE_BOX}, or a folder with a judge.json")
    try:
        about = json.loads((folder / "judge.json").read_text("utf-8"))
        base, calibration = str(about["recipe"]["base"]), Calibration(**about["calibration"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadFile(str(folder / "judge.json"), f"not what training wrote ({error})") from error
    version = version_of(folder)
    home = cache / f"{folder.name}-{version}"
    import ctranslate2
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    made = kept(home, "judge-int8", partial(_convert, folder, base), "the judge", progress, full=(SafetensorError,))
    try:
        encoder = ctranslate2.Encoder(
            str(made), device="cpu", compute_type="int8", inter_threads=threads, intra_threads=1
        )
        head = load_file(folder / HEAD)
    except Exception as error:  # safetensors and CTranslate2 raise of every kind
        raise BadFile(str(folder), f"not readable ({error})") from error
    readers = ThreadPoolExecutor(threads, "judge reads")
    return Judge(folder.name, version, calibration, encoder, open_tokenizer(folder_of(base)), head, readers)


def _convert(folder: Path, base: str, new: Path, progress: Progress) -> None:
    import ctranslate2

    from distill.training import lora

    progress("preparing the judge", 0, 0)
    encoder = load_encoder(folder_of(base))
    lora.merge(encoder, folder)
    merged, made = new / "merged", new / "made"
    encoder.save_pretrained(merged)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        if (source := folder_of(base) / name).exists():
            shutil.copyfile(source, merged / name)
    ctranslate2.converters.TransformersConverter(str(merged)).convert(str(made), quantization="int8")
    for path in made.iterdir():
        path.rename(new / path.name)
    shutil.rmtree(merged)
    made.rmdir()
