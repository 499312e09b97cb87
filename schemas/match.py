"""Requests and responses of POST /match and /match/batch: the stored events with the meaning of a given one."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from schemas.events import LETTER, MAX_EVENT
from schemas.infer import MatchCandidate
from schemas.openapi import ATTRIBUTE_DOCSTRINGS, SchemaOf
from schemas.problem import Problem

MAX_MATCHES = 100
"""Most candidates of one event."""
MAX_MATCHED = 1000
"""Most events of one request."""


class MatchQuestion(BaseModel):
    """An event, and how to search for its near-duplicates."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event: Annotated[
        str,
        Field(
            max_length=MAX_EVENT,
            pattern=LETTER,
            description="The event, as stored or in one's own words.",
            examples=["my boss yelled at me"],
        ),
    ]
    k: Annotated[int, Field(ge=1, le=MAX_MATCHES, description="Maximum number of candidates.", examples=[5])] = 10
    as_is: Annotated[bool, Field(description="Take the event word for word, without normalization.")] = False
    generated: Annotated[bool, Field(description="Include events with generated triples only.")] = False


class MatchBatchRequest(BaseModel):
    """A batch of events."""

    model_config = ConfigDict(extra="forbid")

    questions: Annotated[
        list[Annotated[Any, SchemaOf(MatchQuestion)]],
        Field(
            min_length=1,
            max_length=MAX_MATCHED,
            description="Objects with the fields of POST /match. An invalid one gets a problem in its place.",
            examples=[[{"event": "my boss yelled at me", "k": 5}]],
        ),
    ]


@dataclass(frozen=True, slots=True)
class Matches:
    """The candidates of an event, the most confident first."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    asked: str
    """The event as it came."""
    event: str
    """Its canonical form."""
    roles: dict[str, str]
    """The persons of the event, each with its words in the text."""
    candidates: list[MatchCandidate]
    """Stored events with the judge's verdict."""


@dataclass(frozen=True, slots=True)
class MatchBatch:
    """The candidates, or a problem, for each event of a batch, in order."""

    matches: list[Matches | Problem]
