"""The engine protocol: continuations of prompts, and scores of given ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from distill.engines.decoding import Decoding
from schemas.errors import CometgraphError


@dataclass(frozen=True, slots=True)
class GenerationJob:
    """One prompt to continue. seed: repeats a sampled job in any batch."""

    prompt: str
    decoding: Decoding
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """A continuation, before postprocessing.

    log_prob: natural log-probability of all its tokens, the end token included.
    finished: False if it was cut at the maximum length.
    """

    text: str
    log_prob: float
    finished: bool


@dataclass(frozen=True, slots=True)
class ScoredToken:
    """A token of a given tail. log_prob: natural log-probability after the tokens before it."""

    token: str
    log_prob: float


@dataclass(frozen=True, slots=True)
class Placement:
    """Back end, device and compute type of an engine."""

    engine: str
    device: str
    dtype: str


class Engine(Protocol):
    """The same weights and job give the same tails with every engine, up to the compute type's precision.

    Calls block, and must not overlap. They raise Unavailable for a model out of reach.
    """

    placement: Placement

    def draft(self, jobs: Sequence[GenerationJob]) -> Sequence[list[Completion] | CometgraphError]:
        """The continuations of each job, or its error."""
        ...

    def score(self, pairs: Sequence[tuple[str, str]]) -> list[list[ScoredToken]]:
        """The tokens of each (prompt, continuation)'s continuation, the end token included."""
        ...

    def close(self) -> None:
        """Free the model."""
        ...


def without_cache(tokenizer: Any) -> Any:
    """The tokenizer without the word cache of BPE: it grows without limit, and saves no time here."""
    if (resize := getattr(tokenizer.model, "_resize_cache", None)) is not None:
        resize(0)
    return tokenizer
