"""Training of a student: a causal language model learns the tails of triples.

`cometgraph distill student --train TRIPLES… --validation TRIPLES… --out DIR` writes to DIR: adapter/ (model/ without an
adapter), log.jsonl, loss.svg, and checkpoint.pt for a rerun. One sequence holds all triples of a head (prefix_tree.py).
The loss counts the tail tokens alone. A batch holds sequences of nearly equal length.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from distill.student.prefix_tree import Batch, PrefixTree, batches, build_trees, collate
from distill.student.prompts import form_named
from distill.student.recipe import Recipe
from distill.training import lora
from distill.training.checkpoint import Checkpoint, fingerprint, replaced
from distill.training.loop import Schedule, fit
from distill.training.plot import plot
from distill.weights.base_models import Base, fast_dtype, load_base
from schemas.errors import BadInput
from schemas.progress import Progress
from schemas.triples import NONE, Triple, says_none


def train(
    train_on: Iterable[Triple], validate_on: Iterable[Triple], out: Path, recipe: Recipe, progress: Progress
) -> None:
    """Train a student, or resume a stopped run of the same recipe and triples.

    train_on, validate_on: training and validation triples.
    out: the folder of the run.
    Raises BadInput for a part of the recipe that does not fit, for no triples, for the folder of another run.
    """
    torch.manual_seed(recipe.seed)
    base = load_base(recipe.base)
    progress("reading", 0, 0)
    training, relations = trees(train_on, base, recipe)
    validation, _ = trees(validate_on, base, recipe)
    if not training or not validation:
        field = "train" if not training else "validation"
        raise BadInput.of(field, 0, "at least one triple", f"{field}: there is no triple in the files")
    model = _prepared(base, recipe)
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    optimiser = torch.optim.AdamW(trained.values(), lr=recipe.learning_rate, weight_decay=0.0, betas=(0.9, 0.99))
    key = fingerprint(recipe, _bytes(training), _bytes(validation))
    checkpoint = Checkpoint.open(out, key, trained, optimiser)
    plan = [b for epoch in range(recipe.epochs) for b in batches(training, recipe.batch_tokens, (recipe.seed, epoch))]
    schedule = Schedule(
        steps=len(plan),
        epochs=recipe.epochs,
        learning_rate=recipe.learning_rate,
        warmup=recipe.warmup,
        decay=recipe.decay,
        evaluate_every=recipe.evaluate_every,
        seed=recipe.seed,
    )
    fit(_Training(model, base.tokenizer, out, recipe, relations, training, validation, plan), schedule, checkpoint,
        progress)  # fmt: skip
    plot(out / "log.jsonl", out / "loss.svg")


def trees(triples: Iterable[Triple], base: Base, recipe: Recipe) -> tuple[list[PrefixTree], list[str]]:
    """The training sequences of triples, and the names of their relations."""
    form = form_named(recipe.prompt_form)
    ordered = sorted({(t.head, t.relation, NONE if says_none(t.tail) else t.tail) for t in triples})
    prompts = sorted({(head, relation) for head, relation, _ in ordered})
    tokens = dict(zip(prompts, base.encode([form.write(*p) for p in prompts]), strict=True))
    tails = base.encode([form.before_tail + tail for _, _, tail in ordered])
    sequences: list[PrefixTree] = []
    rows = zip(ordered, tails, strict=True)
    for _, group in groupby(rows, key=lambda row: row[0][0]):
        sequences += build_trees([(tokens[head, relation], tail) for (head, relation, _), tail in group], base.end)
    return sequences, sorted({relation.value for _, relation in prompts})


def _prepared(base: Base, recipe: Recipe) -> nn.Module:
    model = base.model
    if recipe.rank:
        lora.adapt(model.to(fast_dtype("cpu")), recipe.rank, recipe.from_layer)
        if recipe.start is not None:
            lora.restore(model, Path(recipe.start))
    model.train()
    return model


@dataclass(frozen=True, slots=True)
class _Training:
    """See distill.training.loop.Trainee. plan: indices of training sequences, for each step."""

    model: Any
    tokenizer: Any
    out: Path
    recipe: Recipe
    relations: list[str]
    training: Sequence[PrefixTree]
    validation: Sequence[PrefixTree]
    plan: Sequence[Sequence[int]]

    @property
    def _computes_in_bf16(self) -> bool:
        """True for float32 weights on a CPU with bf16 arithmetic. Frozen weights are in bf16 themselves."""
        return not self.recipe.rank and fast_dtype("cpu") == torch.bfloat16

    def loss(self, step: int) -> tuple[Tensor, int]:
        batch = collate([self.training[n] for n in self.plan[step]])
        return tree_loss(self.model, batch, bf16=self._computes_in_bf16), batch.tokens.size

    def validate(self, progress: Progress) -> float:
        plan = batches(self.validation, self.recipe.batch_tokens, (self.recipe.seed,))
        total = count = 0.0
        self.model.eval()
        with torch.no_grad():
            for done, indices in enumerate(plan, 1):
                batch = collate([self.validation[n] for n in indices])
                weight = float(batch.counts.sum())
                total += tree_loss(self.model, batch, bf16=self._computes_in_bf16).item() * weight
                count += weight
                progress("validating", done, len(plan))
        self.model.train()
        return total / count

    def save(self, record: Mapping[str, float]) -> None:
        recipe = self.recipe
        with replaced(self.out / ("adapter" if recipe.rank else "model")) as folder:
            if recipe.rank:
                lora.save(self.model, folder, recipe.base, recipe.rank)
            else:
                self.model.save_pretrained(folder)
                self.tokenizer.save_pretrained(folder)
            about = {"relations": self.relations, "recipe": asdict(recipe)} | dict(record)
            (folder / "student.json").write_text(json.dumps(about, indent=2) + "\n")


def tree_loss(model: Any, batch: Batch, *, bf16: bool) -> Tensor:
    """The mean negative log-likelihood of a batch's tails, in nats a token. bf16: compute in it by autocast."""
    embeddings = model.get_input_embeddings().weight
    mask = torch.zeros(batch.attention.shape, dtype=embeddings.dtype)
    mask.masked_fill_(~torch.from_numpy(batch.attention), torch.finfo(embeddings.dtype).min)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
        states = model.base_model(
            input_ids=torch.from_numpy(batch.tokens),
            attention_mask=mask[:, None],
            position_ids=torch.from_numpy(batch.positions),
            use_cache=False,
        ).last_hidden_state
        rows = states.reshape(-1, states.shape[-1])[torch.from_numpy(batch.rows)]
        logits = model.get_output_embeddings()(rows)
    each = nn.functional.cross_entropy(logits.float(), torch.from_numpy(batch.targets), reduction="none")
    counts = torch.from_numpy(batch.counts)
    return (each * counts).sum() / counts.sum()


def _bytes(trees: Iterable[PrefixTree]) -> Iterator[bytes]:
    for tree in trees:
        yield tree.tokens.astype(np.int32).tobytes() + tree.targets.astype(np.int32).tobytes()
