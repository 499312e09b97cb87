"""POST /score and /score/batch."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from schemas.problem import NoParameters
from schemas.score import Score, ScoreBatchRequest, ScoreRequest, Scores
from service.answering import score as scoring
from service.api.disconnect import client_disconnected
from service.api.openapi import EXAMPLES, problems
from service.api.responses import batch_response, json_response, resources_of
from service.runtime.cancellation import cancel_on

router = APIRouter()


@router.post("/score", response_model=Score, responses=problems(404, 413, 422, 503), tags=["inference"])
async def score(request: Request, body: ScoreRequest, _: Annotated[NoParameters, Query()]) -> Response:
    """The student's natural log-probability of a tail, in all and token by token, and the critic's p_valid."""
    work = scoring.score(body, resources_of(request), request.scope["caller"])
    return json_response(await cancel_on(client_disconnected(request.receive), work))


@router.post(
    "/score/batch", response_model=Scores, responses=problems(413, 422, 503) | EXAMPLES["scores"], tags=["inference"]
)
async def score_batch(request: Request, batch: ScoreBatchRequest, _: Annotated[NoParameters, Query()]) -> Response:
    """Up to 1,000 triples at once. Each has its own score or problem, in order.

    With `Accept: application/x-ndjson` one on each line, as soon as it and those before it are done.
    """
    scores = scoring.score_many(batch.triples, resources_of(request), request.scope["caller"])
    return await batch_response(request, scores, len(batch.triples), "scores")
