"""GET /infer as a stream, and POST /infer/batch."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from schemas.errors import CometgraphError
from schemas.infer import Answer, Answers, InferBatchRequest, Question
from schemas.problem import NoParameters
from service.answering import cascade as answering
from service.answering.concurrency import in_parts
from service.api import sse as streaming
from service.api.accept import EVENT_STREAM
from service.api.disconnect import client_disconnected
from service.api.openapi import EXAMPLES, PROBLEMS, query_parameters
from service.api.parameters import question_of
from service.api.problems import problem
from service.api.responses import accept_header, json_response, ndjson_response, resources_of

router = APIRouter()


@router.get(
    "/infer",
    response_model=Answer,
    responses=PROBLEMS[404, 422, 503] | EXAMPLES["infer"],
    openapi_extra={"parameters": query_parameters(Question)},
    tags=["inference"],
)
async def infer(request: Request) -> Response:
    """What follows from an event, or lies behind it, by the first rung that knows.

    With `Accept: text/event-stream` a stream: `inference`, `not_applicable` and `problem` as they come, `answer` last.
    """
    # Only streams come here: service.api.infer_endpoint answers the rest.
    state = request.app.state
    question = question_of(request.scope["query_string"])
    parts = answering.stream(question, state.resources, request.scope["caller"])
    events = await streaming.begun(parts, question.limit, state.metrics.answered)
    return StreamingResponse(events, media_type=EVENT_STREAM, headers={"Cache-Control": "no-store"})


@router.post(
    "/infer/batch", response_model=Answers, responses=PROBLEMS[413, 422, 503] | EXAMPLES["batch"], tags=["inference"]
)
async def infer_batch(request: Request, batch: InferBatchRequest, _: Annotated[NoParameters, Query()]) -> Response:
    """Up to 1,000 questions at once; each has its own answer or problem, in order.

    With `Accept: application/x-ndjson` one a line, each as soon as it and those before it are there.
    """
    caller = request.scope["caller"]
    if streaming.are_lines_wanted(accept_header(request)):
        answers = answering.answers(in_parts(batch.questions), resources_of(request), caller)
        return await ndjson_response(request, answers, len(batch.questions), request.app.state.metrics.answered)
    results = await answering.answer_all(
        batch.questions, resources_of(request), caller, client_disconnected(request.receive)
    )
    for result in results:
        if isinstance(result, Answer):
            request.app.state.metrics.answered(result)
    return json_response({"answers": [problem(r) if isinstance(r, CometgraphError) else r for r in results]})
