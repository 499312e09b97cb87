"""POST /match."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from schemas.errors import CometgraphError
from schemas.match import Matches, MatchQuestion
from schemas.problem import Nothing, Problem
from service.answering import match as matches
from service.api.disconnect import hung_up
from service.api.openapi import PROBLEMS
from service.api.problems import problem
from service.api.responses import json_response, resources_of
from service.runtime.cancellation import unless

router = APIRouter()


@router.post(
    "/match",
    response_model=Matches | list[Matches | Problem],
    responses=PROBLEMS[404, 413, 422, 503],
    tags=["inference"],
)
async def match(request: Request, asked: MatchQuestion | list[Any], _: Annotated[Nothing, Query()]) -> Response:
    """Which stored events mean the same, judged with reasons; a list of up to 1,000 questions has a list of answers."""
    house = resources_of(request)
    if isinstance(asked, MatchQuestion):
        return json_response(await unless(hung_up(request.receive), matches.matches(asked, house)))
    results = await matches.matches_all(matches.several(asked) or [], house, hung_up(request.receive))
    return json_response([problem(r) if isinstance(r, CometgraphError) else r for r in results])
