"""The application: its parts put together."""

from dataclasses import dataclass

from fastapi import FastAPI
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import Match, Route
from starlette.types import Scope

from service.api import openapi, problems
from service.api.answer_cache import AnswerCache
from service.api.application import Application
from service.api.metrics import Metrics
from service.api.middleware.access_log import AccessLogMiddleware
from service.api.middleware.api_keys import Keys
from service.api.middleware.auth import AuthMiddleware
from service.api.middleware.cors import parse_origins
from service.api.middleware.hosts import Hosts
from service.api.middleware.rate_limit import Rate
from service.api.redirects import SlashRedirect
from service.api.routes import cypher, graph, infer, match, operations, paths, score
from service.pages.errors import errors_page
from service.pages.swagger import FILES, swagger_files, swagger_page
from service.runtime.resources import Resources
from service.settings import Settings

_ROUTERS = (infer.router, match.router, score.router, graph.router, cypher.router, paths.router, operations.router)


class _WithHead(Route):
    """A route for GET and HEAD. It names itself in the scope, as FastAPI's do."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child_scope = super().matches(scope)
        return match, {**child_scope, "route": self}


@dataclass(frozen=True, slots=True)
class Access:
    """The settings of the door: origins, host names, API keys, rate limit."""

    origins: frozenset[str]
    hosts: Hosts
    keys: Keys
    rate: Rate

    @classmethod
    def of(cls, settings: Settings) -> "Access":
        """Raises BadInput."""
        origins = parse_origins(settings.cors_origin)
        return cls(
            origins,
            Hosts.parse(settings.allowed_hosts, settings.host, origins),
            Keys.parse(settings.api_keys.get_secret_value()),
            Rate.parse(settings.rate_limit),
        )


def create_app(settings: Settings, resources: Resources) -> FastAPI:
    """The ASGI application on open resources. The caller closes them. Raises BadInput."""
    access = Access.of(settings)
    metrics = Metrics()
    metrics.watch(resources)
    app = Application(
        settings.root_path,
        access.origins,
        # FastAPI's own route of /infer is for GET alone.
        routes=[_WithHead("/infer", infer.infer), *(route for router in _ROUTERS for route in router.routes)],
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.router.default = SlashRedirect(app.router)
    app.state.settings = settings
    app.state.metrics = metrics
    app.state.resources = resources
    app.state.answer_cache = AnswerCache(
        resources.store.changes if resources.keeps else None,
        max_bytes=settings.cache_bytes,
        max_entries=settings.cache_entries,
    )
    _add_pages(app)
    openapi.install(app, keys_required=bool(access.keys), root_path=settings.root_path)
    problems.install(app)
    app.add_middleware(
        AuthMiddleware,
        hosts=access.hosts,
        keys=access.keys,
        rate=access.rate,
        max_body_bytes=settings.max_body_bytes,
    )
    app.add_middleware(AccessLogMiddleware, metrics=metrics, log_events=settings.log_events, keeps=settings.keep)
    return app


def _add_pages(app: FastAPI) -> None:
    """Add the pages for people. Their URLs are relative, as a proxy may add scheme, host and prefix."""
    errors = errors_page(problems.status_of)

    async def docs_page() -> HTMLResponse:
        return swagger_page()

    async def page_of_errors() -> HTMLResponse:
        return HTMLResponse(errors)

    async def start() -> RedirectResponse:
        return RedirectResponse("docs")

    for path, page in (("/", start), ("/docs", docs_page), ("/docs/errors", page_of_errors)):
        app.add_api_route(path, page, include_in_schema=False, response_model=None)
    app.mount(f"/{FILES}", swagger_files())
