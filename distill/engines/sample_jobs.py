"""Jobs of sampling and their results, without the libraries of a model."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class SampleJob:
    """A prompt, and the way to continue it.

    prompt: a text, or the messages of a chat.
    stop: texts that end a sample. They are cut off.
    seed: repeats the samples.
    """

    prompt: str | tuple[tuple[str, str], ...]
    seed: int
    n: int = 1
    max_tokens: int = 16
    temperature: float = 1.0
    top_p: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """A continuation.

    tokens, log_probs: its tokens and their natural log-probabilities at temperature 1, without end and stop.
    drawn: number of drawn tokens, end and stop included.
    finish: "length" for a sample cut at its maximum length.
    """

    text: str
    tokens: tuple[str, ...]
    log_probs: tuple[float, ...]
    drawn: int
    finish: Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Sampled:
    """The samples of a job. prompt_tokens: length of its prompt."""

    prompt_tokens: int
    samples: tuple[Sample, ...]
