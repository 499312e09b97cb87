"""Nucleus sampling. A seed decides a tail, whatever the rest of its batch."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

_LIKELY = (128, 2048)
"""Numbers of likeliest tokens to search for the nucleus in, before all tokens: a full sort is slow."""


def uniforms(seed: int, n: int, steps: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """(n, steps) uniform numbers in [0, 1). Row i decides tail i, whatever n is."""
    rows = [np.random.Generator(np.random.Philox(key=(seed, row))).random(steps) for row in range(n)]
    return np.stack(rows)


def draw(logits: Tensor, numbers: Tensor, temperature: Tensor, top_p: Tensor) -> Tensor:
    """(rows,) tokens, by nucleus sampling (Holtzman et al., 2020).

    The nucleus is the smallest set of likeliest tokens with a total probability of at least top_p.

    logits: (rows, vocabulary).
    numbers: (rows,) in [0, 1). They choose a token by the cumulative probabilities of the nucleus.
    temperature, top_p: (rows,).
    """
    scaled = torch.log_softmax(logits.float() / temperature[:, None], -1)
    chosen = torch.empty(len(scaled), dtype=torch.long, device=scaled.device)
    rows = torch.arange(len(scaled), device=scaled.device)
    for size in (*_LIKELY, scaled.shape[-1]):
        likely, tokens = torch.topk(scaled[rows], min(size, scaled.shape[-1]))
        held = torch.exp(likely).cumsum(-1)
        enough = (held[:, -1] >= top_p[rows]) | (size >= scaled.shape[-1])
        done = rows[enough]
        chosen[done] = _pick(held[enough], tokens[enough], numbers[done], top_p[done])
        rows = rows[~enough]
        if not len(rows):
            break
    return chosen


def _pick(held: Tensor, tokens: Tensor, numbers: Tensor, top_p: Tensor) -> Tensor:
    last = held.shape[-1] - 1
    edge = torch.searchsorted(held, top_p[:, None].contiguous()).clamp(max=last)
    mass = held.gather(-1, edge)
    place = torch.searchsorted(held, (numbers[:, None] * mass).to(held.dtype), right=True)
    return tokens.gather(-1, torch.minimum(place, edge))[:, 0]
