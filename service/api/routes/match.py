"""POST /match and /match/batch."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from schemas.match import MatchBatch, MatchBatchRequest, Matches, MatchQuestion
from schemas.openapi import SchemaOf
from schemas.problem import NoParameters
from service.answering import match as matching
from service.answering.concurrency import collected
from service.api.disconnect import client_disconnected
from service.api.openapi import EXAMPLES, problems
from service.api.problems import body_of
from service.api.responses import batch_response, json_response, resources_of
from service.runtime.cancellation import cancel_on

router = APIRouter()
_QuestionOrList = Annotated[MatchQuestion | list[Any], SchemaOf(MatchQuestion)]
"""A bare list stays possible for the clients that send one. The document names /match/batch alone."""


@router.post("/match", response_model=Matches, responses=problems(404, 413, 422, 503), tags=["inference"])
async def match(request: Request, body: _QuestionOrList, _: Annotated[NoParameters, Query()]) -> Response:
    """Stored events with the same meaning, judged with reasons."""
    resources, disconnect = resources_of(request), client_disconnected(request.receive)
    if isinstance(body, MatchQuestion):
        return json_response(await cancel_on(disconnect, matching.match(body, resources)))
    results = matching.match_many(matching.checked_list(body), resources)
    return json_response([body_of(result) for result in await cancel_on(disconnect, collected(results))])


@router.post(
    "/match/batch",
    response_model=MatchBatch,
    responses=problems(413, 422, 503) | EXAMPLES["matches"],
    tags=["inference"],
)
async def match_batch(request: Request, batch: MatchBatchRequest, _: Annotated[NoParameters, Query()]) -> Response:
    """Up to 1,000 events at once. Each has its own candidates or problem, in order.

    With `Accept: application/x-ndjson` one on each line, as soon as it and those before it are done.
    """
    matches = matching.match_many(batch.questions, resources_of(request))
    return await batch_response(request, matches, len(batch.questions), "matches")
