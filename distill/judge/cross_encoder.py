"""The cross-encoder: reads two events side by side, and says how likely they mean the same.

all-MiniLM-L6-v2 with a low-rank adapter; above it a small head over the mean of each event's tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from distill.judge.pair_text import spoken


@dataclass(frozen=True, slots=True)
class Pairs:
    """A batch of pairs: token ids, which event a token belongs to, and the masks of the first and of the second.

    All (pairs, tokens).
    """

    ids: Tensor
    types: Tensor
    mask: Tensor
    first: Tensor
    second: Tensor


class Head(nn.Module):
    """(pairs, tokens, width) and the masks of both events → (pairs,) logits."""

    def __init__(self, width: int, hidden: int = 192) -> None:
        super().__init__()
        self.hidden = nn.Linear(4 * width, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, states: Tensor, first: Tensor, second: Tensor) -> Tensor:
        a, b = _mean(states, first), _mean(states, second)
        # Symmetric but for what the encoder sees, so that it need not learn that order means nothing.
        features = torch.cat([(a - b).abs(), a * b, torch.maximum(a, b), torch.minimum(a, b)], dim=-1)
        return self.out(nn.functional.gelu(self.hidden(nn.functional.dropout(features, 0.1, self.training)))).squeeze(
            -1
        )


def _mean(states: Tensor, mask: Tensor) -> Tensor:
    weight = mask.unsqueeze(-1).to(states.dtype)
    return (states * weight).sum(1) / weight.sum(1).clamp(min=1)


class CrossEncoder(nn.Module):
    """The encoder and its head."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = Head(encoder.config.hidden_size)

    def forward(self, pairs: Pairs) -> Tensor:
        states = self.encoder(input_ids=pairs.ids, token_type_ids=pairs.types, attention_mask=pairs.mask)
        return self.head(states.last_hidden_state, pairs.first, pairs.second)


def encode(tokenizer: Any, asked: Sequence[str], stored: Sequence[str]) -> Pairs:
    """The pairs as the encoder reads them. `tokenizer` is a tokenizers.Tokenizer."""
    encodings = tokenizer.encode_batch(list(zip(map(spoken, asked), map(spoken, stored), strict=True)))
    width = max(len(e.ids) for e in encodings)
    rows = [_row(e, width) for e in encodings]
    ids, types, mask, first, second = (torch.tensor(column) for column in zip(*rows, strict=True))
    return Pairs(ids, types, mask, first, second)


def _row(encoding: Any, width: int) -> tuple[list[int], ...]:
    gap = [0] * (width - len(encoding.ids))
    sides = encoding.sequence_ids
    return (
        [*encoding.ids, *gap],
        [*encoding.type_ids, *gap],
        [*([1] * len(encoding.ids)), *gap],
        [*(int(side == 0) for side in sides), *gap],
        [*(int(side == 1) for side in sides), *gap],
    )
