"""What an engine does: it turns prompts into drafts, and scores given tails."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from distill.engines.decoding import Decoding
from schemas.errors import CometgraphError


@dataclass(frozen=True, slots=True)
class GenerationJob:
    """One prompt to continue. A sampled job is repeatable by its seed, whatever else is in its batch."""

    prompt: str
    decoding: Decoding
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """A continuation as the model wrote it. log_prob: the sum over its tokens, end included, natural logarithm.

    finished: it ended by itself, rather than at the longest length.
    """

    text: str
    log_prob: float
    finished: bool


@dataclass(frozen=True, slots=True)
class ScoredToken:
    """A token of a given tail and its natural log-probability after all before it."""

    token: str
    log_prob: float


@dataclass(frozen=True, slots=True)
class Placement:
    """Where and how an engine computes."""

    engine: str
    device: str
    dtype: str


class Engine(Protocol):
    """Engines agree: the same weights and job give the same tails, up to the precision of their numbers.

    Calls block; one at a time. Raises Unavailable where the model cannot be asked.
    """

    placement: Placement

    def draft(self, jobs: Sequence[GenerationJob]) -> Sequence[list[Completion] | CometgraphError]:
        """Continuations of each job, or what went wrong with it alone."""
        ...

    def score(self, pairs: Sequence[tuple[str, str]]) -> list[list[ScoredToken]]:
        """Of each (prompt, continuation) the continuation's tokens, its end included."""
        ...

    def close(self) -> None:
        """Let go of the model."""
        ...


def forgetful(tokenizer: Any) -> Any:
    """The tokenizer without its cache, in which one of BPE keeps the words that it has split. It costs no time."""
    if (resize := getattr(tokenizer.model, "_resize_cache", None)) is not None:
        resize(0)
    return tokenizer
