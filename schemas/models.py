"""The models behind an answer: the student with its decoding, and the critic."""

from dataclasses import dataclass
from typing import Literal

from schemas.openapi import ATTRIBUTE_DOCSTRINGS


@dataclass(frozen=True, slots=True)
class Model:
    """The student behind the generated inferences of an answer."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    name: str
    version: str
    """Digest of its weights."""
    engine: str
    """Text generation back end."""
    device: str
    dtype: str
    """Compute type."""


@dataclass(frozen=True, slots=True)
class Critic:
    """The critic behind the scores of generated inferences."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    name: str
    version: str
    """Digest of its weights and calibration."""


@dataclass(frozen=True, slots=True)
class DecodingInfo:
    """The decoding of the generated inferences, complete for a repetition."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    method: Literal["greedy", "beam", "sample"]
    n: int
    """Number of tails per relation."""
    beams: int | None
    """Beam width."""
    temperature: float | None
    top_p: float | None
    max_new_tokens: int
    seed: int | None
