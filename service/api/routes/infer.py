"""GET /infer as a stream, and POST /infer/batch."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from schemas.infer import Answer, Answers, InferBatchRequest, Question
from schemas.problem import NoParameters
from service.answering import cascade
from service.answering.batch import answer_many
from service.answering.concurrency import in_parts
from service.api import sse
from service.api.accept import EVENT_STREAM
from service.api.openapi import EXAMPLES, problems, query_parameters
from service.api.parameters import question_of
from service.api.responses import batch_response, resources_of, stream_response

router = APIRouter()


@router.get(
    "/infer",
    response_model=Answer,
    responses=problems(404, 422, 503) | EXAMPLES["infer"],
    openapi_extra={"parameters": query_parameters(Question)},
    tags=["inference"],
)
async def infer(request: Request) -> Response:
    """Causes and consequences of an event, from the first source that knows it.

    With `Accept: text/event-stream` a stream: `inference`, `not_applicable` and `problem` as they come, `answer` last.
    """
    # Streams only: service.api.infer_endpoint answers the other requests.
    state = request.app.state
    question = question_of(request.scope["query_string"])
    parts = cascade.stream(question, state.resources, request.scope["caller"])
    return stream_response(await sse.events(parts, question.limit, state.metrics.answered), EVENT_STREAM)


@router.post(
    "/infer/batch", response_model=Answers, responses=problems(413, 422, 503) | EXAMPLES["batch"], tags=["inference"]
)
async def infer_batch(request: Request, batch: InferBatchRequest, _: Annotated[NoParameters, Query()]) -> Response:
    """Up to 1,000 questions at once. Each has its own answer or problem, in order.

    With `Accept: application/x-ndjson` one on each line, as soon as it and those before it are done.
    """
    answers = answer_many(in_parts(batch.questions), resources_of(request), request.scope["caller"])
    return await batch_response(request, answers, len(batch.questions), "answers", request.app.state.metrics.answered)
