"""GET /health, /ready, /info and /metrics."""

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import PlainTextResponse, Response

from service.api.openapi import problems
from service.api.responses import json_response, resources_of
from service.runtime.status import Info, Ready, info_of, ready_of

router = APIRouter()


@router.get("/health", tags=["operations"])
async def health() -> dict[str, str]:
    """The process answers. /ready tells of its parts."""
    return {"status": "ok"}


@router.get("/ready", response_model=Ready, responses=problems(503), tags=["operations"])
async def ready(request: Request) -> Response:
    """Every necessary part of the service answers. Otherwise 503, for a silent store after two seconds."""
    return json_response(await ready_of(resources_of(request)))


@router.get("/info", response_model=Info, responses=problems(503), tags=["operations"])
async def info(request: Request) -> Response:
    """Version, store and its size, models, limits."""
    return json_response(await info_of(resources_of(request), request.app.state.settings))


@router.get("/metrics", response_class=PlainTextResponse, responses=problems(), tags=["operations"])
async def metrics(request: Request) -> Response:
    """Metrics for Prometheus."""
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)
