"""The training loop, on a linear regression: schedule, best model, interruption, divergence."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from distill.training.checkpoint import Checkpoint
from distill.training.loop import CHECKPOINT_EVERY, Schedule, fit
from schemas.errors import BadFile, BadInput
from schemas.progress import Progress, silent

STEPS = 53


class Regression:
    """See distill.training.loop.Trainee. With dropout, so that the random state counts."""

    def __init__(self) -> None:
        torch.manual_seed(1)
        self.model = nn.Sequential(nn.Dropout(0.3), nn.Linear(4, 1))
        self.inputs = torch.randn(STEPS + 1, 8, 4)
        self.records: list[Mapping[str, float]] = []

    def loss(self, step: int) -> tuple[Tensor, int]:
        inputs = self.inputs[step]
        return (self.model(inputs) - inputs.sum(-1, keepdim=True)).square().mean(), inputs.shape[0]

    def validate(self, progress: Progress) -> float:
        self.model.eval()
        with torch.no_grad():
            loss = self.loss(STEPS)[0].item()
        self.model.train()
        progress("validating", 1, 1)
        return loss

    def save(self, record: Mapping[str, float]) -> None:
        self.records.append(record)


def schedule(rate: float = 0.05, warmup: float = 0.1, decay: float = 0.5) -> Schedule:
    return Schedule(STEPS, 1, rate, warmup, decay, evaluate_every=10, seed=3)


def checkpoint(trainee: Regression, out: Path, key: str = "key") -> Checkpoint:
    trained = dict(trainee.model.named_parameters())
    return Checkpoint.open(out, key, trained, torch.optim.AdamW(trained.values(), lr=1.0))


def log(out: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "tokens_per_second"} for line in lines]


def test_a_run_logs_each_step_and_saves_each_best_model(tmp_path: Path) -> None:
    trainee = Regression()
    fit(trainee, schedule(), checkpoint(trainee, tmp_path), silent)
    lines = log(tmp_path)
    validations = [line for line in lines if "validation_loss" in line]
    assert [line["step"] for line in lines if "loss" in line] == list(range(1, STEPS + 1))
    assert [line["step"] for line in validations] == [10, 20, 30, 40, 50, STEPS]
    best = [line for n, line in enumerate(validations)
            if all(line["validation_loss"] < earlier["validation_loss"] for earlier in validations[:n])]  # fmt: skip
    assert trainee.records == best
    assert len(best) > 1


@pytest.mark.parametrize("stop", [1, 10, CHECKPOINT_EVERY, 37, STEPS])
def test_an_interrupted_run_ends_like_an_uninterrupted_one(tmp_path: Path, stop: int) -> None:
    def interrupt(what: str, done: int, _total: int) -> None:
        if what == "training" and done == stop:
            raise KeyboardInterrupt

    whole = Regression()
    fit(whole, schedule(), checkpoint(whole, tmp_path / "whole"), silent)
    first = Regression()
    with pytest.raises(KeyboardInterrupt):
        fit(first, schedule(), checkpoint(first, tmp_path / "parts"), interrupt)
    second = Regression()
    fit(second, schedule(), checkpoint(second, tmp_path / "parts"), silent)
    assert log(tmp_path / "parts") == log(tmp_path / "whole")
    assert first.records + second.records == whole.records
    torch.testing.assert_close(second.model.state_dict(), whole.model.state_dict(), rtol=0, atol=0)


def test_a_run_that_diverges_says_so(tmp_path: Path) -> None:
    trainee = Regression()
    with pytest.raises(BadInput, match=r"learning_rate.*diverged"):
        fit(trainee, schedule(rate=1e38), checkpoint(trainee, tmp_path), silent)


def test_a_checkpoint_is_for_one_run_and_whole(tmp_path: Path) -> None:
    trainee = Regression()
    checkpoint(trainee, tmp_path).save()
    with pytest.raises(BadInput, match="out"):
        checkpoint(trainee, tmp_path, key="another")
    (tmp_path / "checkpoint.pt").write_bytes(b"PK")
    with pytest.raises(BadFile, match=r"checkpoint\.pt"):
        checkpoint(trainee, tmp_path)


@given(st.integers(1, 300), st.floats(0, 1), st.floats(0, 1))
def test_a_learning_rate_rises_once_and_falls_once(steps: int, warmup: float, decay: float) -> None:
    plan = Schedule(steps, 1, 0.5, warmup, decay, evaluate_every=1, seed=0)
    rates = [plan.rate(step) for step in range(steps)]
    assert all(0 < rate <= 0.5 for rate in rates)
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)


@given(st.integers(10, 1000), st.floats(0, 0.5), st.floats(0.01, 0.5), st.data())
def test_between_rise_and_fall_a_learning_rate_is_the_highest(
    steps: int, warmup: float, decay: float, data: st.DataObject
) -> None:
    plan = Schedule(steps, 1, 0.5, warmup, decay, evaluate_every=1, seed=0)
    step = data.draw(st.integers(min(steps - 1, int(warmup * steps)), steps - 1))
    if step <= steps * (1 - decay):
        assert plan.rate(step) == pytest.approx(0.5)
    else:
        assert plan.rate(step) == pytest.approx(0.5 * (steps - step) / (decay * steps))


def test_a_learning_rate_without_rise_and_fall_is_constant() -> None:
    assert {Schedule(50, 1, 0.5, 0.0, 0.0, 1, 0).rate(step) for step in range(50)} == {0.5}
    falling = [Schedule(4, 1, 1.0, 0.0, 1.0, 1, 0).rate(step) for step in range(4)]
    assert falling == [1.0, 0.75, 0.5, 0.25]
    rising = [Schedule(4, 1, 1.0, 1.0, 0.0, 1, 0).rate(step) for step in range(4)]
    assert rising == falling[::-1]
