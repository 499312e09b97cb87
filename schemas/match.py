"""What POST /match is asked and answers: which stored events mean the same as a given one."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from schemas.events import MAX_EVENT
from schemas.infer import MatchCandidate

MAX_MATCHES = 100
MAX_MATCHED = 1000


class MatchQuestion(BaseModel):
    """An event whose like is looked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event: Annotated[
        str,
        Field(
            max_length=MAX_EVENT,
            pattern=r"[^\W_]",
            description="The event, as stored or in one's own words.",
            examples=["my boss yelled at me"],
        ),
    ]
    k: Annotated[int, Field(ge=1, le=MAX_MATCHES, description="At most so many stored events.", examples=[5])] = 10
    as_is: Annotated[bool, Field(description="Take the event word for word.")] = False
    generated: Annotated[bool, Field(description="Consider events of which only students spoke, too.")] = False


@dataclass(frozen=True, slots=True)
class Matches:
    """The stored events that were considered, the likeliest to be the same first.

    roles: who of the asked text is whom of the event.
    """

    asked: str
    event: str
    roles: dict[str, str]
    candidates: list[MatchCandidate]
