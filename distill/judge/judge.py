"""The judge: verdicts on stored events as near-duplicates of an asked event, with confidence and reason.

Rules come first, since they are cheap: they refuse other events and accept pairs with the same content words. The
cross-encoder reads the nearest MAX_READ of the other candidates. A calibration turns its logits into confidences.
"""

import json
import shutil
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distill.judge import BUNDLED
from distill.judge.calibration import Calibration, prior_shift
from distill.judge.features import features
from distill.judge.inputs import HEAD, open_tokenizer, with_first_names
from distill.judge.rules import EventWords, difference, same_words, sides, stored_sides
from distill.weights.cache import cached
from distill.weights.convert import convert
from distill.weights.minilm import folder_of, load_encoder
from distill.weights.version import version_of
from schemas.errors import BadFile, BadInput
from schemas.progress import Progress

_BOX = Path(__file__).parent / "pretrained"
MAX_READ = 4
"""Candidates of one event for the cross-encoder."""
MIN_SIMILARITY = 0.2
"""Least cosine of a candidate for the cross-encoder. Hardly any same dev pair lies below it."""
_SAME_WORDS = 0.98
"""Confidence of pairs with the same content words: their precision on the dev pairs."""
_MAX_CONFIDENCE = 0.97
"""Of the cross-encoder: the calibration has too few pairs for more."""
_BATCH = 64
"""Most pairs of one length in one batch."""
_READ = "read by the cross-encoder"
_UNREAD = f"not read: {MAX_READ} others are more alike"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored event, with the cosine of its vector and the asked event's vector."""

    event: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """On one candidate.

    similarity: its cosine.
    confidence: probability of "the same", after the rules.
    same: the confidence reaches the judge's threshold.
    reason: for people.
    """

    event: str
    similarity: float
    confidence: float
    same: bool
    reason: str


@dataclass(slots=True)
class Judge:
    """Rules, cross-encoder and calibration. Calls block, and only one may run at a time."""

    name: str
    version: str
    calibration: Calibration
    _encoder: Any
    _tokenizer: Any
    _head: dict[str, NDArray[np.float32]]
    _threads: ThreadPoolExecutor

    @property
    def threshold(self) -> float:
        """Least confidence of "the same", from the dev pairs and a wanted precision."""
        return self.calibration.threshold

    def judge(self, asked: Sequence[str], candidates: Sequence[Sequence[Candidate]]) -> list[list[Verdict]]:
        """Verdicts on the candidates of each asked event, the most confident first.

        asked: events in canonical form.
        candidates: for each event its stored candidates.
        """
        compared = [sides(event) for event in asked]
        by_rule = [
            [self._by_rule(event, one) for one in some] for event, some in zip(compared, candidates, strict=True)
        ]
        undecided = [
            sorted((c for c, verdict in zip(some, ruled, strict=True) if verdict is None), key=lambda c: -c.similarity)
            for some, ruled in zip(candidates, by_rule, strict=True)
        ]
        places = [(n, one) for n, nearest in enumerate(undecided) for one in nearest[:MAX_READ]]
        shifts = [
            prior_shift(one.similarity, [c.similarity for c in candidates[n] if c is not one]) for n, one in places
        ]
        verdicts = [[verdict for verdict in ruled if verdict is not None] for ruled in by_rule]
        for (n, _), verdict in zip(places, self._read([(compared[n], one) for n, one in places], shifts), strict=True):
            verdicts[n].append(verdict)
        for row, nearest in zip(verdicts, undecided, strict=True):
            row.extend(_refusal(one, _UNREAD) for one in nearest[MAX_READ:])
            row.sort(key=lambda v: (-v.confidence, -v.similarity, v.event))
        return verdicts

    def _by_rule(self, asked: EventWords, one: Candidate) -> Verdict | None:
        if asked.text == one.event:
            return Verdict(one.event, one.similarity, 1.0, same=True, reason="the same text")
        stored = stored_sides(one.event)
        if (reason := difference(asked, stored)) is not None:
            return _refusal(one, reason)
        if one.similarity < MIN_SIMILARITY:
            return _refusal(one, f"too little alike: similarity below {MIN_SIMILARITY}")
        if same_words(asked, stored):
            return Verdict(one.event, one.similarity, _SAME_WORDS, same=True, reason="the same words")
        return None

    def _read(self, pairs: Sequence[tuple[EventWords, Candidate]], shifts: Sequence[float]) -> list[Verdict]:
        """Verdicts of the cross-encoder. shifts: corrections of the log-odds, (pairs,).

        A batch has pairs of one length. Without padding, the other pairs of a batch do not change a logit.
        """
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
        batches = [places[n : n + _BATCH] for places in by_length.values() for n in range(0, len(places), _BATCH)]
        states = self._threads.map(self._states, ([encodings[n] for n in places] for places in batches))
        for places, batch in zip(batches, states, strict=True):
            logits[places] = self._logits(batch, [encodings[n].sequence_ids for n in places], compared[places])
        confidences = self.calibration.confidence(logits, np.array(shifts, dtype=np.float64)).clip(max=_MAX_CONFIDENCE)
        return [
            Verdict(one.event, one.similarity, round(float(c), 4), bool(c >= self.threshold), _READ)
            for (_, one), c in zip(pairs, confidences, strict=True)
        ]

    def _states(self, encodings: Sequence[Any]) -> NDArray[np.float32]:
        """Token states of pairs of one length, (pairs, tokens, width)."""
        types = [e.type_ids for e in encodings]
        return np.array(self._encoder.forward_batch([e.ids for e in encodings], token_type_ids=types).last_hidden_state)

    def close(self) -> None:
        """Free threads and model."""
        self._threads.shutdown()
        self._encoder.unload_model()

    def _logits(
        self, states: NDArray[np.float32], sides: Sequence[Sequence[int | None]], compared: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Logits, (pairs,): the head of distill.judge.cross_encoder in numpy.

        states: (pairs, tokens, width).
        sides: for each token 0, 1 or None: its event.
        compared: features, (pairs, WIDTH).
        """
        masks = np.array([[[side == n for side in row] for row in sides] for n in (0, 1)], dtype=np.float32)
        a, b = (np.einsum("ptw,pt->pw", states, m) / m.sum(1, keepdims=True).clip(1) for m in masks)
        joint = np.concatenate([np.abs(a - b), a * b, np.maximum(a, b), np.minimum(a, b), compared], axis=1)
        hidden = joint @ self._head["hidden.weight"].T + self._head["hidden.bias"]
        return (_gelu(hidden) @ self._head["out.weight"].T + self._head["out.bias"])[:, 0]


def _refusal(one: Candidate, reason: str) -> Verdict:
    return Verdict(one.event, one.similarity, 0.0, same=False, reason=reason)


def _gelu(x: NDArray[np.float32]) -> NDArray[np.float32]:
    from scipy.special import erf  # only the models' process needs it

    return 0.5 * x * (1 + erf(x / np.sqrt(2.0, dtype=np.float32)))


def open_judge(name: str, cache: Path, threads: int, progress: Progress) -> Judge:
    """The bundled judge, or one from `cometgraph distill judge`. Its first use converts it.

    name: of the bundled judge, or a folder.
    cache: folder for converted models.
    threads: on the CPU.
    progress: for the conversion.

    Raises BadInput without a judge in the folder, BadFile for a damaged one, Unavailable after a failed conversion.
    """
    folder = _BOX / name if name == BUNDLED else Path(name)
    if not (folder / "judge.json").exists():
        raise BadInput.of("judge", name, f"{BUNDLED}, or a folder with a judge.json")
    try:
        about = json.loads((folder / "judge.json").read_text("utf-8"))
        base, calibration = str(about["recipe"]["base"]), Calibration(**about["calibration"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadFile(str(folder / "judge.json"), f"not a judge's description ({error})") from error
    version = version_of(folder)
    cache_dir = cache / f"{folder.name}-{version}"
    import ctranslate2
    from safetensors.numpy import load_file

    weights = cached(cache_dir, "judge-int8", partial(_convert, folder, base), "the judge", progress)
    try:
        encoder = ctranslate2.Encoder(
            str(weights), device="cpu", compute_type="int8", inter_threads=threads, intra_threads=1
        )
        head = load_file(folder / HEAD)
    except Exception as error:  # safetensors and CTranslate2 have no common base
        raise BadFile(str(folder), f"not readable ({error})") from error
    pool = ThreadPoolExecutor(threads, "judge reads")
    return Judge(folder.name, version, calibration, encoder, open_tokenizer(folder_of(base)), head, pool)


def _convert(folder: Path, base: str, target: Path, progress: Progress) -> None:
    from distill.training import lora

    progress("preparing the judge", 0, 0)
    encoder = load_encoder(folder_of(base))
    lora.merge(encoder, folder)
    with TemporaryDirectory(dir=target) as merged:
        encoder.save_pretrained(merged)
        for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
            if (source := folder_of(base) / name).exists():
                shutil.copyfile(source, Path(merged) / name)
        convert(Path(merged), target, "int8")
