"""What is asked of and answered by /score: how likely a student finds given tails."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from schemas.events import MAX_EVENT, MAX_TAIL
from schemas.infer import MAX_QUESTIONS
from schemas.problem import Problem
from schemas.relations import Relation


class ScoreRequest(BaseModel):
    """A triple whose tail is to be scored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event: Annotated[str, Field(max_length=MAX_EVENT, pattern=r"[^\W_]", examples=["PersonX buys a car"])]
    relation: Annotated[Relation, Field(examples=["xIntent"])]
    tail: Annotated[str, Field(max_length=MAX_TAIL, pattern=r"[^\W_]", examples=["to get to work"])]


class ScoreBatchRequest(BaseModel):
    """Many triples at once."""

    model_config = ConfigDict(extra="forbid")

    triples: Annotated[
        list[Any],
        Field(
            min_length=1,
            max_length=MAX_QUESTIONS,
            description="Each an object with the fields of POST /score; one that is not gets a problem in its place.",
            examples=[[{"event": "PersonX buys a car", "relation": "xIntent", "tail": "to get to work"}]],
        ),
    ]


@dataclass(frozen=True, slots=True)
class Token:
    """A token as the student splits the tail, and its natural log-probability after all before it."""

    token: str
    log_prob: float


@dataclass(frozen=True, slots=True)
class Score:
    """log_prob: the sum over the tokens, the one that ends the tail among them; per_token: their mean."""

    event: str
    relation: Relation
    tail: str
    log_prob: float
    per_token: float
    tokens: list[Token]
    model: str
    version: str


@dataclass(frozen=True, slots=True)
class Scores:
    """A score, or a problem, for each triple of a batch."""

    scores: list[Score | Problem]
