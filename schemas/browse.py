"""Events as one browses them: a page of texts, and the detail of one."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from schemas.events import MAX_EVENT
from schemas.infer import MAX_LIMIT, Inference
from schemas.relations import Relation


@dataclass(frozen=True, slots=True)
class EventPage:
    """Known events, and the cursor of the next page (null on the last)."""

    events: list[str]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class RelationInferences:
    """All that is stored of one relation of an event; `applies` is false where the graph says only `none`."""

    applies: bool
    inferences: list[Inference]


@dataclass(frozen=True, slots=True)
class EventDetail:
    """An event and all its inferences by relation."""

    event: str
    relations: dict[Relation, RelationInferences]


class EventSearch(BaseModel):
    """Which known events to list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prefix: Annotated[
        str | None, Field(max_length=MAX_EVENT, description="Beginning of the event.", examples=["PersonX b"])
    ] = None
    q: Annotated[str | None, Field(max_length=MAX_EVENT, description="Words to find.", examples=["buy car"])] = None
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="At most so many events.")] = 20
    cursor: Annotated[str | None, Field(max_length=2000, description="Cursor of the page before, as it came.")] = None
    generated: Annotated[bool, Field(description="List events of which only students spoke, too.")] = False


class EventDetailQuestion(BaseModel):
    """What to show of one event."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    generated: Annotated[bool, Field(description="Show what only students said, too.")] = False
