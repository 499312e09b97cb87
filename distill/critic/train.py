"""Training of a critic on labelled triples.

`cometgraph distill critic --labels FILE… --out DIR` trains a low-rank adapter on a base, and an encoder's head. The dev
rows choose the best step. Calibration, thresholds and the figures on the test rows follow (report.py).
"""

import json
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distill.critic.inputs import named, unnamed
from distill.critic.labels import Example, questions
from distill.critic.metrics import precision_at
from distill.critic.model import CriticModel, kind_of, load_model
from distill.critic.recipe import Recipe
from distill.training.checkpoint import Checkpoint, fingerprint, replaced
from distill.training.loop import Schedule, fit
from schemas.errors import BadInput
from schemas.progress import Progress

SELECTION_RECALL = 0.8
"""The best step has the highest precision at this recall."""
_READ_AT_ONCE = 128
_SMOOTHING = 0.03
"""A label is 0.97 or 0.03 in the loss: some are wrong."""


def train(
    training: Sequence[Example], dev: Sequence[Example], out: Path, recipe: Recipe, device: str, progress: Progress
) -> None:
    """Train a critic, or resume a stopped run of the same recipe and examples.

    training, dev: see distill.critic.labels.apart.
    out: the folder of the run.
    device: cpu or cuda.
    Raises BadInput for examples of one label alone, for the folder of another run.
    """
    for name, examples in (("labels", training), ("dev", dev)):
        if len({e.p >= 0.5 for e in examples}) < 2:
            message = f"{name}: all rows of the split have one label"
            raise BadInput.of(name, len(examples), "rows of both labels", message)
    torch.manual_seed(recipe.seed)
    if device != "cpu":
        torch.set_float32_matmul_precision("high")
    model = load_model(recipe.base, device)
    model.adapt(recipe.rank)
    for module in model.module.modules():
        if isinstance(module, nn.Dropout):
            module.p = recipe.dropout
    model.module.train()
    trained = {name: p for name, p in model.module.named_parameters() if p.requires_grad}
    optimiser = torch.optim.AdamW(trained.values(), lr=recipe.learning_rate, weight_decay=0.01)
    checkpoint = Checkpoint.open(out, fingerprint(recipe, _bytes(training), _bytes(dev)), trained, optimiser)
    plan = [b for epoch in range(recipe.epochs) for b in _batches(training, recipe, epoch)]
    schedule = Schedule(
        steps=len(plan),
        epochs=recipe.epochs,
        learning_rate=recipe.learning_rate,
        warmup=recipe.warmup,
        decay=1.0,
        evaluate_every=math.ceil(len(plan) / recipe.epochs / recipe.evaluations),
        seed=recipe.seed,
        patience=recipe.patience,
    )
    inputs = [unnamed(e.head, e.relation, e.tail) for e in training]
    fit(_Training(model, out, recipe, training, inputs, _selection(dev), plan), schedule, checkpoint, progress)


@dataclass(slots=True)
class _Training:
    """See distill.training.loop.Trainee.

    inputs: of the training examples, without names.
    dev: the examples that choose the best step.
    plan: for each step the questions of its batch, as places of training examples.
    """

    model: CriticModel
    out: Path
    recipe: Recipe
    training: Sequence[Example]
    inputs: Sequence[tuple[str, str]]
    dev: Sequence[Example]
    plan: Sequence[Sequence[Sequence[int]]]

    def loss(self, step: int) -> tuple[Tensor, int]:
        places = [n for question in self.plan[step] for n in question]
        logits, tokens = self.model.logits([named(*self.inputs[n], self.recipe.seed + step) for n in places])
        return _loss(logits, [self.training[n] for n in places], [len(q) for q in self.plan[step]]), tokens

    def validate(self, progress: Progress) -> float:
        """1 - precision at the recall of selection: the loop minimises."""
        labels = np.array([e.p >= 0.5 for e in self.dev])
        return 1 - precision_at(labels, read(self.model, self.dev, progress), SELECTION_RECALL)

    def save(self, record: Mapping[str, float]) -> None:
        with replaced(self.out / "critic") as folder:
            self.model.save(folder, self.recipe.rank)
            about = {"kind": kind_of(self.recipe.base), "recipe": asdict(self.recipe), **record}
            (folder / "critic.json").write_text(json.dumps(about, indent=2) + "\n")


def read(model: CriticModel, examples: Sequence[Example], progress: Progress) -> NDArray[np.float64]:
    """(examples,) logits, not calibrated."""
    model.module.eval()
    inputs = [named(*unnamed(e.head, e.relation, e.tail)) for e in examples]
    order = sorted(range(len(inputs)), key=lambda n: sum(map(len, inputs[n])))
    logits = np.empty(len(examples))
    with torch.no_grad():
        for start in range(0, len(order), _READ_AT_ONCE):
            part = order[start : start + _READ_AT_ONCE]
            logits[part] = model.logits([inputs[n] for n in part])[0].double().cpu().numpy()
            progress("validating", start + len(part), len(order))
    model.module.train()
    return logits


def _selection(dev: Sequence[Example]) -> Sequence[Example]:
    """The rows of stated populations. Without one, all rows."""
    own = [e for e in dev if e.population]
    return own if len({e.p >= 0.5 for e in own}) == 2 else dev


def _batches(examples: Sequence[Example], recipe: Recipe, epoch: int) -> list[list[list[int]]]:
    """Batches of questions of similar length, in random order."""
    draw = random.Random(f"{recipe.seed} {epoch}")
    sizes = [len(e.head) + len(e.tail) for e in examples]
    by_size = sorted(questions(examples), key=lambda q: max(sizes[n] for n in q) // 12 + draw.random())
    batches: list[list[list[int]]] = [[]]
    rows = 0
    for question in by_size:
        if rows >= recipe.batch:
            batches.append([])
            rows = 0
        batches[-1].append(question)
        rows += len(question)
    draw.shuffle(batches)
    return batches


def _loss(logits: Tensor, examples: Sequence[Example], sizes: Sequence[int]) -> Tensor:
    """Mean over the rows of a batch: binary cross-entropy of single rows, choice among the answers of a question.

    logits: (rows,).
    sizes: rows of each question, in their order.
    """
    labels = torch.tensor([_smoothed(e.p) for e in examples])
    weights = torch.tensor([e.weight for e in examples])
    starts = np.cumsum([0, *sizes])[:-1]
    single = [int(start) for start, size in zip(starts, sizes, strict=True) if size == 1]
    total = nn.functional.binary_cross_entropy_with_logits(
        logits[single], labels[single].to(logits.device), weights[single].to(logits.device), reduction="sum"
    )
    for size in sorted(set(sizes) - {1}):
        rows = torch.tensor(
            [[*range(start, start + size)] for start, n in zip(starts, sizes, strict=True) if n == size]
        )
        target = (labels[rows] * weights[rows]).to(logits.device)
        total = total - size * (target * logits[rows].log_softmax(1)).sum()
    return total / len(examples)


def _smoothed(p: float) -> float:
    return min(1 - _SMOOTHING, max(_SMOOTHING, p))


def _bytes(examples: Sequence[Example]) -> Iterator[bytes]:
    for e in examples:
        yield f"{unnamed(e.head, e.relation, e.tail)}\t{e.p}\t{e.group}\t{e.weight}\n".encode()
