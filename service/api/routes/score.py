"""POST /score and /score/batch."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from schemas.errors import CometgraphError
from schemas.problem import NoParameters
from schemas.score import Score, ScoreBatchRequest, ScoreRequest, Scores
from service.answering import score as scoring
from service.api import sse as streaming
from service.api.disconnect import client_disconnected
from service.api.openapi import EXAMPLES, PROBLEMS
from service.api.problems import problem
from service.api.responses import accept_header, json_response, ndjson_response, resources_of

router = APIRouter()


@router.post("/score", response_model=Score, responses=PROBLEMS[404, 413, 422, 503], tags=["inference"])
async def score(request: Request, scored: ScoreRequest, _: Annotated[NoParameters, Query()]) -> Response:
    """How likely the student finds a tail: its natural log-probability, in all and token by token."""
    return json_response(
        await scoring.score(
            scored, resources_of(request), request.scope["caller"], client_disconnected(request.receive)
        )
    )


@router.post(
    "/score/batch", response_model=Scores, responses=PROBLEMS[413, 422, 503] | EXAMPLES["scores"], tags=["inference"]
)
async def score_batch(request: Request, batch: ScoreBatchRequest, _: Annotated[NoParameters, Query()]) -> Response:
    """Up to 1,000 triples at once; each has its own score or problem, in order.

    With `Accept: application/x-ndjson` one a line, each as soon as it and those before it are there.
    """
    caller = request.scope["caller"]
    if streaming.are_lines_wanted(accept_header(request)):
        scores = scoring.scores(batch.triples, resources_of(request), caller)
        return await ndjson_response(request, scores, len(batch.triples), lambda _: None)
    results = await scoring.score_all(
        batch.triples, resources_of(request), caller, client_disconnected(request.receive)
    )
    return json_response({"scores": [problem(r) if isinstance(r, CometgraphError) else r for r in results]})
