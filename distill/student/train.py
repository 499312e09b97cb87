"""cometgraph distill student --train TRIPLES… --validation TRIPLES… --out DIR

Trains a causal language model on triples, loss on the tail alone. Reads any file of triples; writes to DIR
adapter/ (or model/, without an adapter), log.jsonl, loss.svg and, while it runs, checkpoint.pt. Killed and run again,
it goes on from the checkpoint. One sequence holds all triples of a head (prefix_tree.py), batches are of nearly equal
length, logits are made for tail tokens only.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from distill.student.prefix_tree import MAX_NODES, Batch, PrefixTree, batches, build_trees, collate
from distill.student.prompts import form_named
from distill.training import lora
from distill.training.checkpoint import Checkpoint, replaced
from distill.training.plot import plot
from distill.weights.base_models import Base, load_base, training_dtype
from schemas.errors import BadInput
from schemas.triples import NONE, Triple, says_none

Progress = Callable[[str, int, int], None]

CHECKPOINT_EVERY = 20
"""Steps that a kill may cost."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides the result, besides the triples.

    rank: of the adapter, 0 trains all weights; from_layer: the first block that is adapted; batch_tokens: nodes a
    step; the learning rate rises over the first `warmup` of all steps and falls to 0 over the last `decay` of them.
    start: an adapter of the same shape to go on from, rather than from nothing.
    """

    base: str = "smollm2-135m"
    prompt_form: str = "plain"
    rank: Annotated[int, Field(ge=0, le=1024)] = 24
    from_layer: Annotated[int, Field(ge=0)] = 0
    learning_rate: Annotated[float, Field(gt=0)] = 2e-3
    epochs: Annotated[int, Field(ge=1)] = 2
    batch_tokens: Annotated[int, Field(ge=MAX_NODES)] = 1536
    warmup: Annotated[float, Field(ge=0, le=1)] = 0.02
    decay: Annotated[float, Field(ge=0, le=1)] = 0.7
    evaluate_every: Annotated[int, Field(ge=1)] = 100
    seed: Annotated[int, Field(ge=0)] = 0
    start: str | None = None

    def rate(self, step: int, steps: int) -> float:
        """Learning rate at a step of all steps."""
        done = step / steps
        rising = min(1.0, (step + 1) / max(1.0, self.warmup * steps))
        return self.learning_rate * rising * min(1.0, (1.0 - done) / self.decay if self.decay else 1.0)


def train(
    train_on: Iterable[Triple], validate_on: Iterable[Triple], out: Path, recipe: Recipe, progress: Progress
) -> None:
    """Train a student, or go on where an earlier run of the same recipe and triples was stopped. Raises BadInput."""
    torch.manual_seed(recipe.seed)
    base = load_base(recipe.base)
    progress("reading", 0, 0)
    training, names = trees(train_on, base, recipe)
    validation, _ = trees(validate_on, base, recipe)
    if not training or not validation:
        raise BadInput.of("train" if not training else "validation", "no triples", "files with at least one triple")
    model = _prepared(base, recipe)
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    optimiser = torch.optim.AdamW(trained.values(), lr=recipe.learning_rate, weight_decay=0.0, betas=(0.9, 0.99))
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = Checkpoint.open(out, _fingerprint(recipe, training, validation), trained, optimiser)
    plan = [b for epoch in range(recipe.epochs) for b in batches(training, recipe.batch_tokens, (recipe.seed, epoch))]
    evaluation = batches(validation, recipe.batch_tokens, (recipe.seed,))

    computes_in_bf16 = not recipe.rank and training_dtype() == torch.bfloat16
    started, seen = time.perf_counter(), 0
    while True:
        is_last = checkpoint.step == len(plan)
        if (is_last or checkpoint.step % recipe.evaluate_every == 0) and checkpoint.evaluated < checkpoint.step:
            checkpoint.save()  # before what may fail
            value = _evaluate(model, validation, evaluation, progress, bf16=computes_in_bf16)
            checkpoint.log(step=checkpoint.step, validation_loss=round(value, 4))
            if value < checkpoint.best:
                checkpoint.best = value
                _keep(model, base, out, recipe, names, {"step": checkpoint.step, "validation_loss": round(value, 4)})
            checkpoint.evaluated = checkpoint.step
            checkpoint.save()
        if is_last:
            break
        step = checkpoint.step
        batch = collate([training[n] for n in plan[step]])
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate(step, len(plan))
        loss = tree_loss(model, batch, bf16=computes_in_bf16)
        loss.backward()
        nn.utils.clip_grad_norm_(trained.values(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        seen += batch.tokens.size
        checkpoint.step += 1
        checkpoint.log(
            step=checkpoint.step,
            epoch=round(checkpoint.step / len(plan) * recipe.epochs, 4),
            loss=round(loss.item(), 4),
            rate=recipe.rate(step, len(plan)),
            tokens_per_second=round(seen / (time.perf_counter() - started), 1),
        )
        if checkpoint.step % CHECKPOINT_EVERY == 0:
            checkpoint.save()
        try:
            progress("training", checkpoint.step, len(plan))
        except BaseException:  # somebody stops it: nothing of what was done is lost
            checkpoint.save()
            raise
    plot(out / "log.jsonl", out / "loss.svg")


def trees(triples: Iterable[Triple], base: Base, recipe: Recipe) -> tuple[list[PrefixTree], list[str]]:
    """Training sequences of triples, and the names of their relations."""
    form = form_named(recipe.prompt_form)
    ordered = sorted({(t.head, t.relation, NONE if says_none(t.tail) else t.tail) for t in triples})
    prompts = sorted({(head, relation) for head, relation, _ in ordered})
    tokens = dict(zip(prompts, base.encode([form.write(*p) for p in prompts]), strict=True))
    tails = base.encode([form.before_tail + tail for _, _, tail in ordered])
    made: list[PrefixTree] = []
    rows = zip(ordered, tails, strict=True)
    for _, group in groupby(rows, key=lambda row: row[0][0]):
        made += build_trees([(tokens[head, relation], tail) for (head, relation, _), tail in group], base.end)
    return made, sorted({relation.value for _, relation in prompts})


def _prepared(base: Base, recipe: Recipe) -> nn.Module:
    model = base.model
    if recipe.rank:
        lora.adapt(model.to(training_dtype()), recipe.rank, recipe.from_layer)
        if recipe.start is not None:
            lora.restore(model, Path(recipe.start))
    model.train()
    return model


def tree_loss(model: Any, batch: Batch, *, bf16: bool) -> Tensor:
    """Mean negative log-likelihood, nats a token, of the tails of a batch; with bf16, float32 weights compute in it."""
    embeddings = model.get_input_embeddings().weight
    unseen = torch.zeros(batch.attention.shape, dtype=embeddings.dtype)
    unseen.masked_fill_(~torch.from_numpy(batch.attention), torch.finfo(embeddings.dtype).min)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
        states = model.base_model(
            input_ids=torch.from_numpy(batch.tokens),
            attention_mask=unseen[:, None],
            position_ids=torch.from_numpy(batch.positions),
            use_cache=False,
        ).last_hidden_state
        rows = states.reshape(-1, states.shape[-1])[torch.from_numpy(batch.rows)]
        logits = model.get_output_embeddings()(rows)
    each = nn.functional.cross_entropy(logits.float(), torch.from_numpy(batch.targets), reduction="none")
    times = torch.from_numpy(batch.times)
    return (each * times).sum() / times.sum()


def _evaluate(
    model: nn.Module, trees: Sequence[PrefixTree], plan: Sequence[Sequence[int]], progress: Progress, *, bf16: bool
) -> float:
    total = count = 0.0
    model.eval()
    with torch.no_grad():
        for done, indices in enumerate(plan):
            batch = collate([trees[n] for n in indices])
            weight = float(batch.times.sum())
            total += tree_loss(model, batch, bf16=bf16).item() * weight
            count += weight
            progress("validating", done + 1, len(plan))
    model.train()
    return total / count


def _keep(model: Any, base: Base, out: Path, recipe: Recipe, relations: list[str], reached: dict[str, Any]) -> None:
    """Keep the best so far, whole or not at all."""
    with replaced(out / ("adapter" if recipe.rank else "model")) as folder:
        if recipe.rank:
            lora.save(model, folder, recipe.base, recipe.rank)
        else:
            model.save_pretrained(folder)
            base.tokenizer.save_pretrained(folder)
        about = {"relations": relations, "recipe": asdict(recipe)} | reached
        (folder / "student.json").write_text(json.dumps(about, indent=2) + "\n")


def _fingerprint(recipe: Recipe, *data: Sequence[PrefixTree]) -> str:
    digest = hashlib.sha256(json.dumps(asdict(recipe), sort_keys=True).encode())
    for part in data:
        for tree in part:
            digest.update(tree.tokens.astype(np.int32).tobytes() + tree.targets.astype(np.int32).tobytes())
    return digest.hexdigest()
