"""The cross-encoder: it reads two events side by side and gives a logit of "the same".

all-MiniLM-L6-v2 with a low-rank adapter, and a small head. The head takes the mean token state of each event and the
features of a comparison by words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distill.judge.features import WIDTH
from distill.judge.inputs import with_first_names


@dataclass(frozen=True, slots=True)
class Pairs:
    """A batch of pairs. All tensors but the features are (pairs, tokens).

    ids: of the tokens.
    types: 0 for the first event, 1 for the second.
    mask: 1 for tokens, 0 for padding.
    first, second: masks of the two events.
    features: (pairs, WIDTH) of distill.judge.features.
    """

    ids: Tensor
    types: Tensor
    mask: Tensor
    first: Tensor
    second: Tensor
    features: Tensor


class Head(nn.Module):
    """Token states, (pairs, tokens, width), and features to logits, (pairs,)."""

    def __init__(self, width: int, hidden: int = 192) -> None:
        super().__init__()
        self.hidden = nn.Linear(4 * width + WIDTH, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, states: Tensor, pairs: Pairs) -> Tensor:
        a, b = _mean(states, pairs.first), _mean(states, pairs.second)
        # The order of the two events means nothing. Symmetric inputs spare the head to learn that.
        joint = torch.cat([(a - b).abs(), a * b, torch.maximum(a, b), torch.minimum(a, b)], dim=-1)
        joint = nn.functional.dropout(joint, 0.1, self.training)
        hidden = self.hidden(torch.cat([joint, pairs.features], dim=-1))
        return self.out(nn.functional.gelu(hidden)).squeeze(-1)


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
        return self.head(states.last_hidden_state, pairs)


def encode(tokenizer: Any, asked: Sequence[str], stored: Sequence[str], compared: NDArray[np.float32]) -> Pairs:
    """A batch of pairs.

    tokenizer: a tokenizers.Tokenizer.
    asked, stored: one event of each pair.
    compared: features, (pairs, WIDTH).
    """
    encodings = tokenizer.encode_batch(
        list(zip(map(with_first_names, asked), map(with_first_names, stored), strict=True))
    )
    width = max(len(e.ids) for e in encodings)
    rows = [_row(e, width) for e in encodings]
    ids, types, mask, first, second = (torch.tensor(column) for column in zip(*rows, strict=True))
    return Pairs(ids, types, mask, first, second, torch.from_numpy(compared))


def _row(encoding: Any, width: int) -> tuple[list[int], ...]:
    padding = [0] * (width - len(encoding.ids))
    sides = encoding.sequence_ids
    return (
        [*encoding.ids, *padding],
        [*encoding.type_ids, *padding],
        [*([1] * len(encoding.ids)), *padding],
        [*(int(side == 0) for side in sides), *padding],
        [*(int(side == 1) for side in sides), *padding],
    )
