"""The HTTP API: each route parses, calls one function, returns its result."""

from collections.abc import AsyncGenerator, Callable
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import APIRouter, Path, Query, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from schemas.errors import CometgraphError
from schemas.events import MAX_EVENT
from schemas.matches import Matches, MatchQuestion
from schemas.questions import (
    Answer,
    Answers,
    Batch,
    CardQuestion,
    EventCard,
    EventPage,
    EventSearch,
    Nothing,
    Problem,
    Question,
)
from schemas.relations import RELATIONS, RelationInfo
from schemas.scores import Score, Scored, ScoredBatch, Scores
from service import answering, events, matches, scoring, streaming
from service.accept import EVENT_STREAM, NDJSON
from service.asked import question_of
from service.describing import EXAMPLES, PROBLEMS, query_parameters
from service.gone import hung_up, unless
from service.house import House
from service.in_order import in_parts
from service.info import Info, Ready, info_of, ready_of
from service.problems import problem

R = TypeVar("R")
router = APIRouter()
_TEXT = Path(pattern=r"[^\W_]", max_length=MAX_EVENT, examples=["PersonX buys a car"])


def _json(body: Any) -> Response:
    return Response(orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS), media_type="application/json")


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
    # Only streams come here: service.infer_endpoint answers the rest.
    state = request.app.state
    question = question_of(request.scope["query_string"])
    parts = answering.stream(question, state.house, request.scope["caller"])
    events = await streaming.begun(parts, question.limit, state.metrics.answered)
    return StreamingResponse(events, media_type=EVENT_STREAM, headers={"Cache-Control": "no-store"})


@router.post(
    "/infer/batch", response_model=Answers, responses=PROBLEMS[413, 422, 503] | EXAMPLES["batch"], tags=["inference"]
)
async def infer_batch(request: Request, batch: Batch, _: Annotated[Nothing, Query()]) -> Response:
    """Up to 1,000 questions at once; each has its own answer or problem, in order.

    With `Accept: application/x-ndjson` one a line, each as soon as it and those before it are there.
    """
    caller = request.scope["caller"]
    if streaming.are_lines_wanted(_accept(request)):
        answers = answering.answers(in_parts(batch.questions), _house(request), caller)
        return await _lines(request, answers, len(batch.questions), request.app.state.metrics.answered)
    results = await answering.answer_all(batch.questions, _house(request), caller, hung_up(request.receive))
    for result in results:
        if isinstance(result, Answer):
            request.app.state.metrics.answered(result)
    return _json({"answers": [problem(r) if isinstance(r, CometgraphError) else r for r in results]})


@router.post(
    "/match",
    response_model=Matches | list[Matches | Problem],
    responses=PROBLEMS[404, 413, 422, 503],
    tags=["inference"],
)
async def match(request: Request, asked: MatchQuestion | list[Any], _: Annotated[Nothing, Query()]) -> Response:
    """Which stored events mean the same, judged with reasons; a list of up to 1,000 questions has a list of answers."""
    house = _house(request)
    if isinstance(asked, MatchQuestion):
        return _json(await unless(hung_up(request.receive), matches.matches(asked, house)))
    results = await matches.matches_all(matches.several(asked) or [], house, hung_up(request.receive))
    return _json([problem(r) if isinstance(r, CometgraphError) else r for r in results])


@router.post("/score", response_model=Score, responses=PROBLEMS[404, 413, 422, 503], tags=["inference"])
async def score(request: Request, scored: Scored, _: Annotated[Nothing, Query()]) -> Response:
    """How likely the student finds a tail: its natural log-probability, in all and token by token."""
    return _json(await scoring.score(scored, _house(request), request.scope["caller"], hung_up(request.receive)))


@router.post(
    "/score/batch", response_model=Scores, responses=PROBLEMS[413, 422, 503] | EXAMPLES["scores"], tags=["inference"]
)
async def score_batch(request: Request, batch: ScoredBatch, _: Annotated[Nothing, Query()]) -> Response:
    """Up to 1,000 triples at once; each has its own score or problem, in order.

    With `Accept: application/x-ndjson` one a line, each as soon as it and those before it are there.
    """
    caller = request.scope["caller"]
    if streaming.are_lines_wanted(_accept(request)):
        scores = scoring.scores(batch.triples, _house(request), caller)
        return await _lines(request, scores, len(batch.triples), lambda _: None)
    results = await scoring.score_all(batch.triples, _house(request), caller, hung_up(request.receive))
    return _json({"scores": [problem(r) if isinstance(r, CometgraphError) else r for r in results]})


@router.get("/relations", response_model=list[RelationInfo], responses=PROBLEMS[422,], tags=["graph"])
async def relations(_: Annotated[Nothing, Query()]) -> Response:
    """The 23 relations: phrase, group, and whom the tail is about."""
    return _json(list(RELATIONS.values()))


@router.get("/events", response_model=EventPage, responses=PROBLEMS[404, 422, 503], tags=["graph"])
async def list_events(request: Request, search: Annotated[EventSearch, Query()]) -> Response:
    """Known events that begin with `prefix`, in text order; with `q`, those with one of its words, best first."""
    return _json(await events.page(search, _house(request).store))


@router.get("/events/{text:path}", response_model=EventCard, responses=PROBLEMS[404, 422, 503], tags=["graph"])
async def event(request: Request, text: Annotated[str, _TEXT], asked: Annotated[CardQuestion, Query()]) -> Response:
    """What data sets say of one event, by relation; with `generated` what students said, too."""
    return _json(await answering.card(text, _house(request), generated=asked.generated))


@router.get("/health", tags=["operations"])
async def health() -> dict[str, str]:
    """The process answers. Whether its parts do is told by /ready."""
    return {"status": "ok"}


@router.get("/ready", response_model=Ready, responses=PROBLEMS[503,], tags=["operations"])
async def ready(request: Request) -> Response:
    """Every part that answers need was asked, and answers."""
    return _json(await ready_of(_house(request)))


@router.get("/info", response_model=Info, responses=PROBLEMS[503,], tags=["operations"])
async def info(request: Request) -> Response:
    """What runs here: version, store, how much is in it, which limits hold."""
    return _json(await info_of(_house(request), request.app.state.settings))


@router.get("/metrics", response_class=PlainTextResponse, responses=PROBLEMS[()], tags=["operations"])
async def metrics(request: Request) -> Response:
    """Numbers for Prometheus."""
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)


async def _lines(
    request: Request, results: AsyncGenerator[R | CometgraphError], number: int, answered: Callable[[R], None]
) -> Response:
    lines = await streaming.lines(results, number, hung_up(request.receive), answered)
    return StreamingResponse(lines, media_type=NDJSON, headers={"Cache-Control": "no-store"})


def _accept(request: Request) -> str:
    """The Accept header, which may come in several lines."""
    return ",".join(request.headers.getlist("accept"))


def _house(request: Request) -> House:
    return request.app.state.house
