"""GET /relations, /events and /events/{text}."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from schemas.browse import EventDetail, EventDetailQuestion, EventPage, EventSearch, RelationSummary
from schemas.events import LETTER, MAX_EVENT
from schemas.problem import NoParameters
from schemas.relations import RELATIONS
from service.answering import events
from service.api.openapi import problems
from service.api.responses import json_response, resources_of

router = APIRouter()
_TEXT = Path(pattern=LETTER, max_length=MAX_EVENT, examples=["PersonX buys a car"])


@router.get("/relations", response_model=list[RelationSummary], responses=problems(422), tags=["graph"])
async def relations(_: Annotated[NoParameters, Query()]) -> Response:
    """The relations: phrase, group, and the person that the tail is about."""
    return json_response([RelationSummary(i.name, i.phrase, i.group, i.whose) for i in RELATIONS.values()])


@router.get("/events", response_model=EventPage, responses=problems(404, 422, 503), tags=["graph"])
async def list_events(request: Request, search: Annotated[EventSearch, Query()]) -> Response:
    """Known events with a `prefix`, in text order. With `q`, those with one of its words, best first."""
    return json_response(await events.page(search, resources_of(request).store))


@router.get("/events/{text:path}", response_model=EventDetail, responses=problems(404, 422, 503), tags=["graph"])
async def event(
    request: Request, text: Annotated[str, _TEXT], params: Annotated[EventDetailQuestion, Query()]
) -> Response:
    """The inferences of data sets for one event, by relation. With `generated` those of students too."""
    return json_response(await events.detail(text, resources_of(request), generated=params.generated))
