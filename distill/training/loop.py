"""The training loop: steps, validation, the best model so far, checkpoints.

A run can be killed at any moment. The same call resumes it at the last checkpoint.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from distill.training.checkpoint import Checkpoint
from schemas.errors import BadInput
from schemas.progress import Progress

CHECKPOINT_EVERY = 20
"""Steps between two checkpoints: the most that a kill can cost."""


class Trainee(Protocol):
    """A model in training, with its data."""

    def loss(self, step: int) -> tuple[Tensor, int]:
        """The loss of a step's batch, ready for `backward`, and the number of tokens in the batch."""
        ...

    def validate(self, progress: Progress) -> float:
        """The validation loss."""
        ...

    def save(self, record: Mapping[str, float]) -> None:
        """Write the model as it was last validated. record: step and validation loss, for its description."""
        ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """The length of a run and its learning rate: a linear rise, a plateau, a linear fall to 0.

    steps: batches of the whole run.
    epochs: passes over the training data.
    learning_rate: the highest one.
    warmup: share of all steps in the rise.
    decay: share of all steps in the fall.
    evaluate_every: steps between two validations.
    seed: decides the dropout of each step.
    patience: validations without a better one that end the run. 0: no early end.
    """

    steps: int
    epochs: int
    learning_rate: float
    warmup: float
    decay: float
    evaluate_every: int
    seed: int
    patience: int = 0

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        rise = min(1.0, (step + 1) / max(1.0, self.warmup * self.steps))
        fall = min(1.0, (1.0 - step / self.steps) / self.decay) if self.decay else 1.0
        return self.learning_rate * rise * fall


def fit(trainee: Trainee, schedule: Schedule, checkpoint: Checkpoint, progress: Progress) -> None:
    """Train from the checkpoint's step to the last one. Raises BadInput for a learning rate that diverges."""
    started, tokens = time.perf_counter(), 0
    while True:
        at_end = checkpoint.step == schedule.steps
        if checkpoint.evaluated < checkpoint.step and (at_end or checkpoint.step % schedule.evaluate_every == 0):
            _validate(trainee, checkpoint, progress)
        if at_end or _has_stalled(checkpoint, schedule):
            return
        loss, size = _step(trainee, schedule, checkpoint)
        tokens += size
        checkpoint.log(
            step=checkpoint.step,
            epoch=round(checkpoint.step / schedule.steps * schedule.epochs, 4),
            loss=round(loss, 4),
            rate=schedule.rate(checkpoint.step - 1),
            tokens_per_second=round(tokens / (time.perf_counter() - started), 1),
        )
        if checkpoint.step % CHECKPOINT_EVERY == 0:
            checkpoint.save()
        try:
            progress("training", checkpoint.step, schedule.steps)
        except BaseException:  # an interrupt costs no step
            checkpoint.save()
            raise


def _has_stalled(checkpoint: Checkpoint, schedule: Schedule) -> bool:
    return 0 < schedule.patience <= checkpoint.stalled


def _step(trainee: Trainee, schedule: Schedule, checkpoint: Checkpoint) -> tuple[float, int]:
    """One update of the weights. Returns loss and tokens of its batch."""
    step, optimiser = checkpoint.step, checkpoint.optimiser
    torch.manual_seed(schedule.seed + step)  # a resumed run drops out the same units
    for group in optimiser.param_groups:
        group["lr"] = schedule.rate(step)
    loss, tokens = trainee.loss(step)
    if not math.isfinite(loss.item()):
        rate = schedule.learning_rate
        message = f"learning_rate: {rate} is too high, for the loss diverged at step {step + 1}"
        raise BadInput.of("learning_rate", rate, f"less than {rate}", message)
    loss.backward()
    nn.utils.clip_grad_norm_(checkpoint.trained.values(), 1.0)
    optimiser.step()
    optimiser.zero_grad()
    checkpoint.step += 1
    return loss.item(), tokens


def _validate(trainee: Trainee, checkpoint: Checkpoint, progress: Progress) -> None:
    """Log the validation loss, and write the model if it is the best so far."""
    checkpoint.save()  # a kill during the validation costs no step
    loss = trainee.validate(progress)
    record = {"step": checkpoint.step, "validation_loss": round(loss, 4)}
    checkpoint.log(**record)
    checkpoint.stalled += 1
    if loss < checkpoint.best:
        checkpoint.best, checkpoint.stalled = loss, 0
        trainee.save(record)
    checkpoint.evaluated = checkpoint.step
    checkpoint.save()
