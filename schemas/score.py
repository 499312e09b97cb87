"""Request and response of POST /score: the log-probability of a tail under the student, and the critic's p_valid."""

from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from schemas.events import LETTER, MAX_EVENT, MAX_TAIL
from schemas.infer import MAX_QUESTIONS
from schemas.models import Critic
from schemas.openapi import ATTRIBUTE_DOCSTRINGS, SchemaOf
from schemas.problem import Problem
from schemas.relations import Relation


class ScoreRequest(BaseModel):
    """A triple to score."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event: Annotated[str, Field(max_length=MAX_EVENT, pattern=LETTER, examples=["PersonX buys a car"])]
    relation: Annotated[Relation, Field(examples=["xIntent"])]
    tail: Annotated[str, Field(max_length=MAX_TAIL, pattern=LETTER, examples=["to get to work"])]


class ScoreBatchRequest(BaseModel):
    """A batch of triples."""

    model_config = ConfigDict(extra="forbid")

    triples: Annotated[
        list[Annotated[Any, SchemaOf(ScoreRequest)]],
        Field(
            min_length=1,
            max_length=MAX_QUESTIONS,
            description="Objects with the fields of POST /score. An invalid one gets a problem in its place.",
            examples=[[{"event": "PersonX buys a car", "relation": "xIntent", "tail": "to get to work"}]],
        ),
    ]


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a tail."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    token: str
    """Text of the token."""
    log_prob: float
    """Natural logarithm of its probability, given the prompt and the tokens before it."""


@dataclass(frozen=True, slots=True)
class Score:
    """The score of a triple."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    event: str
    """The event in canonical form."""
    relation: Relation
    tail: str
    log_prob: float
    """Sum over the tokens, with the end token."""
    per_token: float
    """Mean over the tokens, with the end token."""
    tokens: list[Token]
    p_valid: float | None
    """The critic's probability of a valid triple. Null for the tail `none`, and without a critic."""
    model: str
    """Name of the student."""
    version: str
    """Digest of its weights."""
    critic: Critic | None = None
    """The critic behind p_valid."""
    degraded: list[str] = field(default_factory=list[str])
    """The reason for a missing p_valid, if the critic failed."""


@dataclass(frozen=True, slots=True)
class Scores:
    """A score, or a problem, for each triple of a batch, in order."""

    scores: list[Score | Problem]
