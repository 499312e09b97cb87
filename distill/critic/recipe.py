"""The settings of a critic's training."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from distill.weights.minilm import MINILM


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings of a training run. With the examples they decide the result.

    base: see `load_model`.
    rank: of the adapter.
    learning_rate: the highest one.
    epochs: passes over the examples.
    batch: triples of a step, at least.
    dropout: of the base. 0 saves a fifth of a step on a CPU, and suits many triples with few passes.
    warmup: share of all steps in which the learning rate rises. It falls to 0 over all steps.
    evaluations: validations in one epoch.
    patience: validations without a better one that end the run. 0: no early end.
    seed: decides names, the order of the batches, and the adapter's start.
    """

    base: str = MINILM
    rank: Annotated[int, Field(ge=1, le=1024)] = 64
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 5e-4
    epochs: Annotated[int, Field(ge=1)] = 2
    batch: Annotated[int, Field(ge=1)] = 48
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    warmup: Annotated[float, Field(ge=0, le=1)] = 0.06
    evaluations: Annotated[int, Field(ge=1)] = 2
    patience: Annotated[int, Field(ge=0)] = 0
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
