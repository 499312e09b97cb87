"""Training of the judge: a cross-encoder learns from pairs of events, then its confidence is calibrated.

`cometgraph distill judge --pairs FILE… --heads FILE… --out DIR` trains a low-rank adapter on all-MiniLM-L6-v2 and a
head. The dev pairs choose the best step, the calibration and the threshold. The test pairs are left out.
"""

import json
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from safetensors.torch import save_file
from torch import Tensor, nn

from distill.judge.calibration import calibrate
from distill.judge.cross_encoder import CrossEncoder, Pairs, encode
from distill.judge.features import features
from distill.judge.inputs import HEAD, open_tokenizer, with_first_names
from distill.judge.pairs import Pair
from distill.judge.rules import sides
from distill.training import lora
from distill.training.checkpoint import Checkpoint, fingerprint, replaced
from distill.training.loop import Schedule, fit
from distill.weights.minilm import MINILM, folder_of, load_encoder
from schemas.errors import BadInput
from schemas.progress import Progress

_EVALUATIONS = 2
"""Validations in one epoch."""
_READ_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings of a training run. With the pairs they decide the result.

    base: see `folder_of`.
    rank: of the adapter.
    learning_rate: the highest one.
    epochs: passes over the pairs.
    batch: pairs of a step.
    warmup: share of all steps in which the learning rate rises. It falls to 0 over all steps.
    derived: most pairs of each kind that are derived from heads.
    derived_weight: weight of a derived pair in the loss. A labelled pair has 1.
    precision: share of same events among the dev pairs above the threshold.
    seed: decides the derived pairs, the order of the batches, and the adapter's start.
    """

    base: str = MINILM
    rank: Annotated[int, Field(ge=1, le=1024)] = 64
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 5e-4
    epochs: Annotated[int, Field(ge=1)] = 4
    batch: Annotated[int, Field(ge=1)] = 32
    warmup: Annotated[float, Field(ge=0, le=1)] = 0.06
    derived: Annotated[int, Field(ge=0)] = 600
    derived_weight: Annotated[float, Field(ge=0, le=1)] = 0.5
    precision: Annotated[float, Field(ge=0, le=1)] = 0.9
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0


def train(training: Sequence[Pair], validation: Sequence[Pair], out: Path, recipe: Recipe, progress: Progress) -> None:
    """Train a judge, or resume a stopped run of the same recipe and pairs.

    training, validation: pairs that no rule decides.
    out: the folder of the run.
    Raises BadInput for pairs of one label alone, for the folder of another run.
    """
    for name, pairs in (("pairs", training), ("validation", validation)):
        if len({p.same for p in pairs}) < 2:
            message = f"{name}: all pairs of the split have one label"
            raise BadInput.of(name, len(pairs), "pairs of both labels, 0 and 1", message)
    torch.manual_seed(recipe.seed)
    base = folder_of(recipe.base)
    tokenizer = open_tokenizer(base)
    encoder = load_encoder(base)
    model = CrossEncoder(encoder)
    lora.adapt(encoder, recipe.rank)
    model.train()
    progress("comparing the pairs", 0, 0)
    training_set, validation_set = (_Examples(pairs, _compared(base, pairs)) for pairs in (training, validation))
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    optimiser = torch.optim.AdamW(trained.values(), lr=recipe.learning_rate, weight_decay=0.01)
    checkpoint = Checkpoint.open(out, fingerprint(recipe, _bytes(training), _bytes(validation)), trained, optimiser)
    plan = [b for epoch in range(recipe.epochs) for b in _batches(training, recipe, epoch)]
    schedule = Schedule(
        steps=len(plan),
        epochs=recipe.epochs,
        learning_rate=recipe.learning_rate,
        warmup=recipe.warmup,
        decay=1.0,
        evaluate_every=math.ceil(len(plan) / recipe.epochs / _EVALUATIONS),
        seed=recipe.seed,
    )
    fit(_Training(model, tokenizer, out, recipe, training_set, validation_set, plan), schedule, checkpoint, progress)


@dataclass(frozen=True, slots=True)
class _Examples:
    """Pairs, and their features (pairs, WIDTH)."""

    pairs: Sequence[Pair]
    compared: NDArray[np.float32]


@dataclass(slots=True)
class _Training:
    """See distill.training.loop.Trainee.

    plan: indices of training pairs, for each step.
    logits: (pairs,) of the last validation.
    """

    model: CrossEncoder
    tokenizer: Any
    out: Path
    recipe: Recipe
    training: _Examples
    validation: _Examples
    plan: Sequence[Sequence[int]]
    logits: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))

    def loss(self, step: int) -> tuple[Tensor, int]:
        batch = self.plan[step]
        pairs = [self.training.pairs[n] for n in batch]
        inputs = _encoded(self.tokenizer, pairs, self.training.compared[batch], flip=step)
        return _loss(self.model(inputs), _labels(pairs), _weights(pairs, self.recipe)), inputs.ids.numel()

    def validate(self, progress: Progress) -> float:
        progress("validating", 0, 0)
        self.logits = _logits_of(self.model, self.tokenizer, self.validation.pairs, self.validation.compared)
        return _loss(torch.from_numpy(self.logits), _labels(self.validation.pairs)).item()

    def save(self, record: Mapping[str, float]) -> None:
        fitted = calibrate(self.logits, self.validation.pairs, self.recipe.precision)
        with replaced(self.out / "judge") as folder:
            lora.save(self.model.encoder, folder, self.recipe.base, self.recipe.rank)
            save_file({n: t.detach().contiguous() for n, t in self.model.head.state_dict().items()}, folder / HEAD)
            about = {"recipe": asdict(self.recipe), "calibration": asdict(fitted)} | dict(record)
            (folder / "judge.json").write_text(json.dumps(about, indent=2) + "\n")


def _logits_of(
    model: CrossEncoder, tokenizer: Any, pairs: Sequence[Pair], compared: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(pairs,) logits, not calibrated. compared: (pairs, WIDTH) features."""
    model.eval()
    logits: list[Tensor] = []
    with torch.no_grad():
        for start in range(0, len(pairs), _READ_AT_ONCE):
            part = slice(start, start + _READ_AT_ONCE)
            logits.append(model(_encoded(tokenizer, pairs[part], compared[part], flip=0)))
    model.train()
    return torch.cat(logits).float().numpy()


def _compared(base: Path, pairs: Sequence[Pair]) -> NDArray[np.float32]:
    """(pairs, WIDTH) features. The similarity is the cosine of the bundled embedder, as in the index."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(base), device="cpu")
    texts = sorted({text for p in pairs for text in (p.a, p.b)})
    vectors = dict(zip(texts, model.encode(texts, normalize_embeddings=True, show_progress_bar=False), strict=True))
    cosines = np.array([float(vectors[p.a] @ vectors[p.b]) for p in pairs], dtype=np.float32)
    return features([sides(p.a) for p in pairs], [sides(p.b) for p in pairs], cosines)


def _batches(pairs: Sequence[Pair], recipe: Recipe, epoch: int) -> list[list[int]]:
    """Batches of pairs of similar length, in random order."""
    draw = random.Random(f"{recipe.seed} {epoch}")
    order = sorted(range(len(pairs)), key=lambda n: (len(pairs[n].a) + len(pairs[n].b)) // 8 + draw.random())
    batches = [order[start : start + recipe.batch] for start in range(0, len(order), recipe.batch)]
    draw.shuffle(batches)
    return batches


def _encoded(tokenizer: Any, pairs: Sequence[Pair], compared: NDArray[np.float32], flip: int) -> Pairs:
    """Model inputs. An odd `flip` swaps the two events: the order of a pair has no meaning."""
    first, second = [p.a for p in pairs], [p.b for p in pairs]
    return encode(tokenizer, *((second, first) if flip % 2 else (first, second)), compared)


def _labels(pairs: Sequence[Pair]) -> Tensor:
    return torch.tensor([float(p.same) for p in pairs])


def _weights(pairs: Sequence[Pair], recipe: Recipe) -> Tensor:
    return torch.tensor([recipe.derived_weight if p.kind.startswith("derived") else 1.0 for p in pairs])


def _loss(logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Binary cross-entropy with smoothed labels."""
    smoothed = labels * 0.94 + 0.03
    return nn.functional.binary_cross_entropy_with_logits(logits, smoothed, weights)


def _bytes(pairs: Sequence[Pair]) -> Iterator[bytes]:
    for pair in pairs:
        yield f"{with_first_names(pair.a)}\t{with_first_names(pair.b)}\t{pair.same}\n".encode()
