"""POST /match."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from schemas.errors import CometgraphError
from schemas.match import Matches, MatchQuestion
from schemas.problem import NoParameters, Problem
from service.answering import match as matches
from service.api.disconnect import client_disconnected
from service.api.openapi import PROBLEMS
from service.api.problems import problem
from service.api.responses import json_response, resources_of
from service.runtime.cancellation import cancel_on

router = APIRouter()


@router.post(
    "/match",
    response_model=Matches | list[Matches | Problem],
    responses=PROBLEMS[404, 413, 422, 503],
    tags=["inference"],
)
async def match(request: Request, asked: MatchQuestion | list[Any], _: Annotated[NoParameters, Query()]) -> Response:
    """Which stored events mean the same, judged with reasons; a list of up to 1,000 questions has a list of answers."""
    resources = resources_of(request)
    if isinstance(asked, MatchQuestion):
        return json_response(await cancel_on(client_disconnected(request.receive), matches.matches(asked, resources)))
    results = await matches.matches_all(matches.several(asked) or [], resources, client_disconnected(request.receive))
    return json_response([problem(r) if isinstance(r, CometgraphError) else r for r in results])
