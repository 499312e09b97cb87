"""POST /match."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from schemas.match import Matches, MatchQuestion
from schemas.problem import NoParameters, Problem
from service.answering import match as matching
from service.answering.concurrency import collected
from service.api.disconnect import client_disconnected
from service.api.openapi import problems
from service.api.problems import body_of
from service.api.responses import json_response, resources_of
from service.runtime.cancellation import cancel_on

router = APIRouter()


@router.post(
    "/match",
    response_model=Matches | list[Matches | Problem],
    responses=problems(404, 413, 422, 503),
    tags=["inference"],
)
async def match(request: Request, body: MatchQuestion | list[Any], _: Annotated[NoParameters, Query()]) -> Response:
    """Stored events with the same meaning, judged with reasons. A list of up to 1,000 questions gets a list."""
    resources, disconnect = resources_of(request), client_disconnected(request.receive)
    if isinstance(body, MatchQuestion):
        return json_response(await cancel_on(disconnect, matching.match(body, resources)))
    results = matching.match_many(matching.checked_list(body), resources)
    return json_response([body_of(result) for result in await cancel_on(disconnect, collected(results))])
