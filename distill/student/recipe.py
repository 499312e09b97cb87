"""The settings of a student's training."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from distill.student.prefix_tree import MAX_NODES


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings of a training run. With the triples they decide the result.

    base: see `load_base`.
    prompt_form: a name in prompts.py.
    rank: of the adapter. 0 trains all weights.
    from_layer: the first block with an adapter.
    learning_rate: the highest one.
    epochs: passes over the triples.
    batch_tokens: nodes of a batch.
    warmup: share of all steps in which the learning rate rises.
    decay: share of all steps in which it falls to 0.
    evaluate_every: steps between two validations.
    seed: decides the order of the batches and the adapter's start.
    start: folder of an adapter of the same shape, to train further.
    """

    base: str = "smollm2-135m"
    prompt_form: str = "plain"
    rank: Annotated[int, Field(ge=0, le=1024)] = 24
    from_layer: Annotated[int, Field(ge=0)] = 0
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 2e-3
    epochs: Annotated[int, Field(ge=1)] = 2
    batch_tokens: Annotated[int, Field(ge=MAX_NODES)] = 1536
    warmup: Annotated[float, Field(ge=0, le=1)] = 0.02
    decay: Annotated[float, Field(ge=0, le=1)] = 0.7
    evaluate_every: Annotated[int, Field(ge=1)] = 100
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    start: str | None = None
