"""Nucleus sampling: what may be drawn, how often, and independent of the other rows."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from distill.engines.sampling import draw, uniforms

GRID = 1024
WEIGHTS = st.lists(st.integers(1, 50), min_size=1, max_size=12, unique=True)


def drawn(weights: list[int], temperature: float, top_p: float) -> list[int]:
    """How often each token is drawn by GRID numbers, evenly spaced in [0, 1)."""
    numbers = (torch.arange(GRID, dtype=torch.float64) + 0.5) / GRID
    logits = torch.tensor(weights, dtype=torch.float64).log().expand(GRID, -1)
    tokens = draw(logits, numbers, torch.full((GRID,), temperature), torch.full((GRID,), top_p))
    return torch.bincount(tokens, minlength=len(weights)).tolist()


@settings(deadline=None, max_examples=40)
@given(WEIGHTS, st.data())
def test_the_nucleus_is_the_smallest_set_with_enough_mass(weights: list[int], data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(weights)))
    likeliest = sorted(weights, reverse=True)
    least, most = sum(likeliest[: size - 1]), sum(likeliest[:size])
    counts = drawn(weights, 1.0, (least + most) / 2 / sum(weights))
    for weight, count in zip(weights, counts, strict=True):
        share = weight / most if weight in likeliest[:size] else 0.0
        assert count == pytest.approx(share * GRID, abs=2)


@settings(deadline=None, max_examples=40)
@given(WEIGHTS)
def test_half_the_temperature_squares_the_odds(weights: list[int]) -> None:
    squares = [weight**2 / sum(w**2 for w in weights) for weight in weights]
    assert drawn(weights, 0.5, 1.0) == pytest.approx([square * GRID for square in squares], abs=2)


@settings(deadline=None, max_examples=40)
@given(WEIGHTS, st.floats(0.2, 3))
def test_a_tiny_nucleus_is_the_likeliest_token(weights: list[int], temperature: float) -> None:
    assert drawn(weights, temperature, 1e-6)[weights.index(max(weights))] == GRID


def rows_of_all_kinds() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Logits, numbers, temperatures and top_p of rows whose nuclei have from one to 5000 tokens."""
    random = np.random.default_rng(1)
    logits = torch.from_numpy(random.normal(size=(24, 5000))) * torch.logspace(-2, 2, 24)[:, None]
    numbers = torch.from_numpy(random.random(24))
    temperatures = torch.from_numpy(random.uniform(0.5, 2, 24)).float()
    return logits, numbers, temperatures, torch.from_numpy(random.choice([0.5, 0.9, 0.999, 1.0], 24)).float()


def test_a_row_is_drawn_alike_alone_and_in_a_batch() -> None:
    rows = rows_of_all_kinds()
    together = draw(*rows)
    alone = [draw(*(part[n : n + 1] for part in rows)) for n in range(len(together))]
    assert together.tolist() == torch.cat(alone).tolist()
    assert len(set(together.tolist())) > 12


@pytest.mark.parametrize("place", [0, 100, 1000, 4000, 4999])
def test_a_flat_row_reaches_its_least_likely_token(place: int) -> None:
    order = np.random.default_rng(2).permutation(5000)
    logits = torch.empty(1, 5000, dtype=torch.float64)
    logits[0, torch.from_numpy(order)] = -torch.arange(5000, dtype=torch.float64) * 1e-4
    held = np.cumsum(np.exp(-np.arange(5000) * 1e-4))
    number = (held[place] - 0.5 * np.exp(-place * 1e-4)) / held[-1]
    one = torch.ones(1)
    assert draw(logits, torch.tensor([number]), one, one).tolist() == [order[place]]


@given(st.integers(0, 2**63 - 1), st.integers(1, 5), st.integers(1, 40), st.integers(1, 40))
def test_a_longer_tail_has_the_same_numbers_first(seed: int, n: int, steps: int, more: int) -> None:
    short, long = uniforms(seed, n, steps), uniforms(seed, n, steps + more)
    assert short.shape == (n, steps)
    assert (long[:, :steps] == short).all()
    assert ((long >= 0) & (long < 1)).all()
