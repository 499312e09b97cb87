"""A critic on a causal language model: it reads a triple and a question, and answers yes or no.

The logit of "valid" is the difference between the logits of both answers. All else of the vocabulary is left out.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from distill.critic.prompt import NO, YES, prompt
from distill.training import lora
from distill.weights.base_models import Base, fast_dtype, load_base


def answers(base: Base) -> tuple[int, int]:
    """The first tokens of both answers."""
    (yes, *_), (no, *_) = base.encode([YES, NO])
    return yes, no


class CausalModel:
    """See distill.critic.model.CriticModel."""

    def __init__(self, base: str, device: str) -> None:
        self._base = load_base(base)
        self._name = base
        self._device = device
        self._answers = answers(self._base)
        self.encoder: Any = self._base.model
        self.module: nn.Module = self.encoder

    def adapt(self, rank: int) -> None:
        lora.adapt(self.encoder.to(fast_dtype(self._device)), rank)
        self.module.to(self._device)

    def restore(self, folder: Path) -> None:
        lora.merge(self.encoder, folder)
        self.module.to(self._device, fast_dtype(self._device))

    def logits(self, pairs: Sequence[tuple[str, str]]) -> tuple[Tensor, int]:
        tokens = self._base.encode([prompt(pair) for pair in pairs])
        lengths = torch.tensor([len(row) for row in tokens])
        width = int(lengths.max())
        ids = torch.tensor([[*row, *([self._base.end] * (width - len(row)))] for row in tokens])
        mask = torch.arange(width) < lengths[:, None]
        states = self.encoder.base_model(
            input_ids=ids.to(self._device), attention_mask=mask.to(self._device), use_cache=False
        ).last_hidden_state
        last = states[torch.arange(len(tokens)), lengths - 1].float()
        yes, no = (self.encoder.get_output_embeddings().weight[n].float() for n in self._answers)
        return last @ (yes - no), ids.numel()

    def save(self, folder: Path, rank: int) -> None:
        lora.save(self.encoder, folder, self._name, rank)
