"""The application: its parts put together."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from fastapi_swagger import patch_fastapi
from starlette.responses import HTMLResponse
from starlette.routing import Match, Route
from starlette.types import Scope

from service.api import openapi, problems
from service.api.answer_cache import AnswerCache
from service.api.infer_endpoint import Application
from service.api.metrics import Metrics
from service.api.middleware.access_log import AccessLogMiddleware
from service.api.middleware.api_keys import Keys
from service.api.middleware.auth import AuthMiddleware
from service.api.middleware.hosts import Hosts
from service.api.middleware.rate_limit import Rate
from service.api.routes import graph, infer, match, operations, score
from service.pages.errors import errors_page
from service.runtime.resources import Resources, open_resources
from service.settings import Settings

_ROUTERS = (infer.router, match.router, score.router, graph.router, operations.router)
OpenHouse = Callable[[Settings], AbstractAsyncContextManager[Resources]]


class _WithHead(Route):
    """A route for GET and HEAD. It names itself in the scope, as FastAPI's do."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child_scope = super().matches(scope)
        return match, {**child_scope, "route": self}


def provide(app: FastAPI, resources: Resources) -> None:
    """Give an application its parts."""
    settings: Settings = app.state.settings
    app.state.resources = resources
    app.state.answer_cache = AnswerCache(
        resources.store.changes if resources.keeps else None,
        max_bytes=settings.cache_bytes,
        max_entries=settings.cache_entries,
    )


def create_app(settings: Settings, open_parts: OpenHouse = open_resources) -> FastAPI:
    """The ASGI application. Its parts are opened when it starts. Raises BadInput for settings that make no sense."""
    hosts = Hosts.parse(settings.allowed_hosts, settings.host)
    keys = Keys.parse(settings.api_keys.get_secret_value())
    rate = Rate.parse(settings.rate_limit)
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with open_parts(settings) as resources:
            provide(app, resources)
            metrics.watch(resources)
            yield

    app = Application(
        # FastAPI's own route of /infer is for GET alone.
        routes=[_WithHead("/infer", infer.infer), *(route for router in _ROUTERS for route in router.routes)],
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    app.state.settings = settings
    app.state.metrics = metrics
    patch_fastapi(app, docs_url="/docs", title="cometgraph")

    @app.get("/docs/errors", include_in_schema=False)
    async def errors() -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        return HTMLResponse(errors_page(problems.STATUS))

    openapi.install(app, keys_required=bool(keys))
    problems.install(app)
    app.add_middleware(AuthMiddleware, hosts=hosts, keys=keys, rate=rate, max_body_bytes=settings.max_body_bytes)
    app.add_middleware(AccessLogMiddleware, metrics=metrics, log_events=settings.log_events, keeps=settings.keep)
    return app
