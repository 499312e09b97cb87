"""Train the judge's cross-encoder on pairs of events, calibrate it, and choose its threshold.

`cometgraph distill judge --pairs FILE… --heads FILE… --out DIR`: a low-rank adapter on all-MiniLM-L6-v2 and a head.
The dev pairs stop it, calibrate its confidence and choose the threshold; test pairs are only counted.
"""

import hashlib
import json
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from distill.judge.calibration import Calibration, calibrate
from distill.judge.cross_encoder import CrossEncoder, Pairs, encode
from distill.judge.features import features
from distill.judge.inputs import HEAD, open_tokenizer, with_first_names
from distill.judge.pairs import Pair
from distill.judge.rules import sides
from distill.training import lora
from distill.training.checkpoint import Checkpoint, replaced
from distill.weights.minilm import MINILM, folder_of, load_encoder
from schemas.errors import BadInput

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a judge is trained.

    derived: most pairs of each kind that are made from heads. derived_weight: what such a pair counts beside one
    labelled by a person. precision: of the dev pairs that the threshold lets pass so many shall be the same.
    """

    base: str = MINILM
    rank: int = 64
    learning_rate: float = 5e-4
    epochs: int = 4
    batch: int = 32
    warmup: float = 0.06
    derived: int = 600
    derived_weight: float = 0.5
    precision: float = 0.9
    seed: int = 0


def train(training: Sequence[Pair], validation: Sequence[Pair], out: Path, recipe: Recipe, progress: Progress) -> None:
    """Train a judge, or go on where an earlier run of the same recipe and pairs was stopped. Raises BadInput."""
    for name, pairs in (("pairs", training), ("validation", validation)):
        if len({p.same for p in pairs}) < 2:
            raise BadInput.of(name, "pairs of one label", "pairs of both labels, 0 and 1, in its split")
    torch.manual_seed(recipe.seed)
    base = folder_of(recipe.base)
    tokenizer = open_tokenizer(base)
    encoder = load_encoder(base)
    model = CrossEncoder(encoder)
    lora.adapt(encoder, recipe.rank)
    progress("comparing the pairs", 0, 0)
    compared, compared_validation = (_compared(base, pairs) for pairs in (training, validation))
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    optimiser = torch.optim.AdamW(trained.values(), lr=recipe.learning_rate, weight_decay=0.01)
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = Checkpoint.open(out, _fingerprint(recipe, training, validation), trained, optimiser)
    plan = [b for epoch in range(recipe.epochs) for b in _batches(training, recipe, epoch)]
    every = math.ceil(len(plan) / recipe.epochs / 2)
    model.train()
    while True:
        is_last = checkpoint.step == len(plan)
        if (is_last or checkpoint.step % every == 0) and checkpoint.evaluated < checkpoint.step:
            checkpoint.save()
            progress("validating", 0, 0)
            logits = logits_of(model, tokenizer, validation, compared_validation)
            loss = _loss(torch.from_numpy(logits), _labels(validation)).item()
            checkpoint.log(step=checkpoint.step, validation_loss=round(loss, 4))
            if loss < checkpoint.best:
                checkpoint.best = loss
                fitted = calibrate(logits, validation, recipe.precision)
                _keep(model, out, recipe, fitted, {"step": checkpoint.step, "validation_loss": round(loss, 4)})
            checkpoint.evaluated = checkpoint.step
            checkpoint.save()
        if is_last:
            break
        chosen = [training[n] for n in plan[checkpoint.step]]
        for group in optimiser.param_groups:
            group["lr"] = _rate(recipe, checkpoint.step, len(plan))
        pairs = _encoded(tokenizer, chosen, compared[plan[checkpoint.step]], flip=checkpoint.step)
        loss = _loss(model(pairs), _labels(chosen), _weights(chosen, recipe))
        loss.backward()
        nn.utils.clip_grad_norm_(trained.values(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        checkpoint.step += 1
        checkpoint.log(step=checkpoint.step, loss=round(loss.item(), 4))
        if checkpoint.step % 50 == 0:
            checkpoint.save()
        try:
            progress("training", checkpoint.step, len(plan))
        except BaseException:  # somebody stops it: nothing of what was done is lost
            checkpoint.save()
            raise


def logits_of(
    model: CrossEncoder, tokenizer: Any, pairs: Sequence[Pair], compared: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(pairs,) what the model says, not yet calibrated."""
    model.eval()
    said: list[Tensor] = []
    with torch.no_grad():
        for start in range(0, len(pairs), 64):
            places = slice(start, start + 64)
            said.append(model(_encoded(tokenizer, pairs[places], compared[places], flip=0)))
    model.train()
    return torch.cat(said).float().numpy()


def _compared(base: Path, pairs: Sequence[Pair]) -> NDArray[np.float32]:
    """(pairs, WIDTH) features; the similarity is that of the two events as the embedder of the index sees them."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(base), device="cpu")
    texts = sorted({text for p in pairs for text in (p.a, p.b)})
    vectors = dict(zip(texts, model.encode(texts, normalize_embeddings=True, show_progress_bar=False), strict=True))
    cosines = np.array([float(vectors[p.a] @ vectors[p.b]) for p in pairs], dtype=np.float32)
    return features([sides(p.a) for p in pairs], [sides(p.b) for p in pairs], cosines)


def _batches(pairs: Sequence[Pair], recipe: Recipe, epoch: int) -> list[list[int]]:
    """Batches of pairs of like length, in random order."""
    draw = random.Random(f"{recipe.seed} {epoch}")
    order = sorted(range(len(pairs)), key=lambda n: (len(pairs[n].a) + len(pairs[n].b)) // 8 + draw.random())
    batches = [order[start : start + recipe.batch] for start in range(0, len(order), recipe.batch)]
    draw.shuffle(batches)
    return batches


def _encoded(tokenizer: Any, pairs: Sequence[Pair], compared: NDArray[np.float32], flip: int) -> Pairs:
    """Each pair in one order in one step, in the other in the next: the same event is the same both ways."""
    first, second = [p.a for p in pairs], [p.b for p in pairs]
    return encode(tokenizer, *((second, first) if flip % 2 else (first, second)), compared)


def _labels(pairs: Sequence[Pair]) -> Tensor:
    return torch.tensor([float(p.same) for p in pairs])


def _weights(pairs: Sequence[Pair], recipe: Recipe) -> Tensor:
    return torch.tensor([recipe.derived_weight if p.kind.startswith("derived") else 1.0 for p in pairs])


def _loss(logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    smoothed = labels * 0.94 + 0.03
    return nn.functional.binary_cross_entropy_with_logits(logits, smoothed, weights)


def _rate(recipe: Recipe, step: int, steps: int) -> float:
    return recipe.learning_rate * min(1.0, (step + 1) / max(1.0, recipe.warmup * steps)) * (1 - step / steps)


def _keep(model: CrossEncoder, out: Path, recipe: Recipe, fitted: Calibration, reached: dict[str, Any]) -> None:
    with replaced(out / "judge") as folder:
        lora.save(model.encoder, folder, recipe.base, recipe.rank)
        save_file({n: t.detach().contiguous() for n, t in model.head.state_dict().items()}, folder / HEAD)
        about = {"recipe": asdict(recipe), "calibration": asdict(fitted)} | reached
        (folder / "judge.json").write_text(json.dumps(about, indent=2) + "\n")


def _fingerprint(recipe: Recipe, *parts: Sequence[Pair]) -> str:
    digest = hashlib.sha256(json.dumps(asdict(recipe), sort_keys=True).encode())
    for part in parts:
        for pair in part:
            digest.update(f"{with_first_names(pair.a)}\t{with_first_names(pair.b)}\t{pair.same}\n".encode())
    return digest.hexdigest()
