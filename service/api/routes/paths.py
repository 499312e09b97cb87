"""GET /expand and GET /paths."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from schemas.paths import ExpandQuestion, Expansion, Paths, PathsQuestion
from service.answering import expand, paths
from service.api.disconnect import client_disconnected
from service.api.openapi import problems
from service.api.responses import json_response, resources_of
from service.runtime.cancellation import cancel_on

router = APIRouter()


@router.get("/expand", response_model=Expansion, responses=problems(404, 422, 503), tags=["graph"])
async def expand_event(request: Request, question: Annotated[ExpandQuestion, Query()]) -> Response:
    """The events and inferences around an event: the best steps of each, level by level.

    With `generate` the student goes on where the graph ends.
    """
    work = expand.expand(question, resources_of(request), request.scope["caller"])
    return json_response(await cancel_on(client_disconnected(request.receive), work))


@router.get("/paths", response_model=Paths, responses=problems(404, 422, 503), tags=["graph"])
async def find_paths(request: Request, question: Annotated[PathsQuestion, Query()]) -> Response:
    """The best paths from an event to an event or a tail, each as sentences.

    Roles are carried along: a tail about the other person makes this person the PersonX of the next event.
    """
    work = paths.paths(question, resources_of(request), request.scope["caller"])
    return json_response(await cancel_on(client_disconnected(request.receive), work))
