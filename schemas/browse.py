"""Requests and responses of GET /relations, GET /events and GET /events/{text}."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from schemas.events import MAX_EVENT
from schemas.infer import MAX_LIMIT, Inference
from schemas.openapi import ATTRIBUTE_DOCSTRINGS
from schemas.relations import Group, Relation, Subject


@dataclass(frozen=True, slots=True)
class RelationSummary:
    """A relation."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    name: Relation
    phrase: str
    """Words between head and tail in a sentence."""
    group: Group
    """Group of ATOMIC-2020."""
    whose: Subject
    """Subject of the tail: PersonX ("X"), the other persons ("other"), or the event or thing itself ("thing")."""


@dataclass(frozen=True, slots=True)
class EventPage:
    """One page of events."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    events: list[str]
    cursor: str | None
    """Cursor of the next page. Null on the last page."""


@dataclass(frozen=True, slots=True)
class RelationInferences:
    """The stored inferences of one relation of an event."""

    __pydantic_config__ = ATTRIBUTE_DOCSTRINGS

    applies: bool
    """False if the only stored tail is `none`."""
    inferences: list[Inference]


@dataclass(frozen=True, slots=True)
class EventDetail:
    """An event, and all its inferences by relation."""

    event: str
    relations: dict[Relation, RelationInferences]


class EventSearch(BaseModel):
    """A search for stored events."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prefix: Annotated[
        str | None, Field(max_length=MAX_EVENT, description="Beginning of the event.", examples=["PersonX b"])
    ] = None
    q: Annotated[str | None, Field(max_length=MAX_EVENT, description="Words to find.", examples=["buy car"])] = None
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Maximum number of events.")] = 20
    cursor: Annotated[str | None, Field(max_length=2000, description="Cursor of the page before, unchanged.")] = None
    generated: Annotated[bool, Field(description="Include events with generated triples only.")] = False


class EventDetailQuestion(BaseModel):
    """Options of an event's detail."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    generated: Annotated[bool, Field(description="Include generated triples.")] = False
