"""GET /health, /ready, /info and /metrics."""

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import PlainTextResponse, Response

from service.api.openapi import PROBLEMS
from service.api.responses import json_response, resources_of
from service.runtime.status import Info, Ready, info_of, ready_of

router = APIRouter()


@router.get("/health", tags=["operations"])
async def health() -> dict[str, str]:
    """The process answers. Whether its parts do is told by /ready."""
    return {"status": "ok"}


@router.get("/ready", response_model=Ready, responses=PROBLEMS[503,], tags=["operations"])
async def ready(request: Request) -> Response:
    """Every part that answers need was asked, and answers."""
    return json_response(await ready_of(resources_of(request)))


@router.get("/info", response_model=Info, responses=PROBLEMS[503,], tags=["operations"])
async def info(request: Request) -> Response:
    """What runs here: version, store, how much is in it, which limits hold."""
    return json_response(await info_of(resources_of(request), request.app.state.settings))


@router.get("/metrics", response_class=PlainTextResponse, responses=PROBLEMS[()], tags=["operations"])
async def metrics(request: Request) -> Response:
    """Numbers for Prometheus."""
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)
