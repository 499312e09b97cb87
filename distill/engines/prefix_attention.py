"""Attention of many sequences to one prefix, whose keys and values are stored once.

A cache of transformers repeats a prefix for each sequence of a batch. With 246 tokens of examples before tails of a few
tokens, nearly all memory and time goes into the copies. Here all queries meet the prefix in one product of matrices,
as in Hydragen (Juravsky et al., 2024, arXiv 2402.05099).

A row has the same results in any batch, as in distill.engines.pytorch: it is padded to a multiple of PAD_TO tokens, and
matrices have at least LEAST_ROWS rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

PAD_TO = 8
LEAST_ROWS = 16
NAME = "cometgraph_shared_prefix"
"""The attention's name for transformers."""

Prefix = Sequence[tuple[Tensor, Tensor]]
"""Keys and values of a prefix: for each layer (heads, tokens, width)."""


def attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor,
    scaling: float,
    prefix: Prefix | None = None,
    **_options: Any,
) -> tuple[Tensor, None]:
    """An attention function for transformers' AttentionInterface.

    query: (rows, query heads, queries, width).
    key, value: (rows, heads, tokens, width), without the prefix.
    mask: (rows, 1, queries, tokens), True where a query sees a token.
    _options: of other attention functions, such as sinks and caps. They are unsupported.
    Returns (rows, queries, query heads, width).
    """
    rows, query_heads, queries, width = query.shape
    heads = key.shape[1]
    group = query_heads // heads
    q = query.reshape(rows, heads, group * queries, width) * scaling
    own = (q @ key.transpose(-1, -2)).view(rows, heads, group, queries, -1)
    scores = own.masked_fill(~mask[:, :, None], float("-inf")).view(rows, heads, group * queries, -1)
    if prefix is None:
        out = scores.float().softmax(-1).to(value.dtype) @ value
    else:
        keys, values = prefix[module.layer_idx]
        # one product for all rows, head by head
        together = q.transpose(0, 1).reshape(heads, rows * group * queries, width)
        shared = (together @ keys.transpose(-1, -2)).view(heads, rows, group * queries, -1).transpose(0, 1)
        weights = torch.cat([shared, scores], -1).float().softmax(-1).to(value.dtype)
        length = keys.shape[1]
        to_prefix = weights[..., :length].transpose(0, 1).reshape(heads, rows * group * queries, length)
        out = (to_prefix @ values).view(heads, rows, group * queries, width).transpose(0, 1)
        out = out + weights[..., length:] @ value
    return out.reshape(rows, query_heads, queries, width).transpose(1, 2).contiguous(), None


def load(folder: str, device: str, dtype: torch.dtype) -> Any:
    """A causal model of transformers with this attention. Raises the errors of transformers."""
    from transformers import AttentionInterface, AutoModelForCausalLM

    AttentionInterface.register(NAME, attend)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation=NAME)
    return model.to(device).eval()


def prefix_of(model: Any, tokens: Sequence[int]) -> Prefix | None:
    """The keys and values of these tokens. None for no tokens."""
    if not tokens:
        return None
    state = State.of(model, [list(tokens)], len(tokens), None, 0)
    return [(layer.keys[0], layer.values[0]) for layer in state.cache.layers]


@dataclass(slots=True)
class State:
    """Some sequences after one prefix.

    mask: (rows, tokens), True for real tokens.
    logits: (rows, vocabulary) for the next token.
    start: tokens of the prefix.
    """

    model: Any
    cache: Any
    mask: Tensor
    logits: Tensor
    prefix: Prefix | None
    start: int

    @classmethod
    def of(cls, model: Any, suffixes: list[list[int]], length: int, prefix: Prefix | None, start: int) -> "State":
        """The state after the prefix and these suffixes, each padded on its left to `length` tokens."""
        from transformers import DynamicCache

        count, device = len(suffixes), model.device
        suffixes = suffixes + suffixes[:1] * max(0, -(-LEAST_ROWS // length) - count)
        rows = len(suffixes)
        tokens = torch.zeros(rows, length, dtype=torch.long)
        mask = torch.zeros(rows, length, dtype=torch.bool)
        for n, suffix in enumerate(suffixes):
            tokens[n, length - len(suffix) :] = torch.tensor(suffix)
            mask[n, length - len(suffix) :] = True
        # padding sees itself: without any token, its result would not be a number
        sees = torch.ones(length, length, dtype=torch.bool).tril() & mask[:, None] | torch.eye(length, dtype=torch.bool)
        positions = start + (mask.cumsum(-1) - 1).clamp(min=0)
        cache = DynamicCache()
        states = model.base_model(
            input_ids=tokens.to(device),
            attention_mask=sees[:, None].to(device),
            position_ids=positions.to(device),
            cache=cache,
            use_cache=True,
            prefix=prefix,
        ).last_hidden_state[:, -1]
        return cls(model, cache, mask.to(device), _logits(model, states)[:count], prefix, start)

    def step(self, rows: list[int], tokens: list[int]) -> None:
        """Continue some rows by one token each. A row may be continued several times."""
        count = len(rows)
        missing = max(0, LEAST_ROWS - count)
        index = torch.tensor(rows + rows[:1] * missing, device=self.mask.device)
        self.cache.batch_select_indices(index)
        mask = self.mask[index]
        self.mask = torch.cat([mask, mask.new_ones(len(mask), 1)], -1)
        states = self.model.base_model(
            input_ids=torch.tensor(tokens + tokens[:1] * missing, device=mask.device)[:, None],
            attention_mask=self.mask[:, None, None],
            position_ids=self.start + self.mask.sum(-1, keepdim=True) - 1,
            cache=self.cache,
            use_cache=True,
            prefix=self.prefix,
        ).last_hidden_state[:, -1]
        self.logits = _logits(self.model, states)[:count]


def _logits(model: Any, states: Tensor) -> Tensor:
    """(rows, vocabulary) float32 logits of states (rows, width), computed with at least LEAST_ROWS rows."""
    count = len(states)
    if count < LEAST_ROWS:
        states = torch.cat([states, states[:1].expand(LEAST_ROWS - count, -1)])
    return model.get_output_embeddings()(states)[:count].float()
