"""The only file that knows both our errors and HTTP: RFC 9457 problem documents."""

import logging
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from schemas.errors import (
    BadInput,
    CometgraphError,
    ForeignOrigin,
    KeyMissing,
    NotAllowed,
    NotFound,
    Overloaded,
    ScopeMissing,
    TooLarge,
    TooManyRequests,
    Unavailable,
    UnknownHost,
)
from schemas.validation import bad_input
from service.answering.keep import says_not_to_keep

STATUS: dict[type[CometgraphError], int] = {
    BadInput: 422,
    TooLarge: 413,
    KeyMissing: 401,
    ScopeMissing: 403,
    ForeignOrigin: 403,
    UnknownHost: 421,
    NotAllowed: 403,
    NotFound: 404,
    TooManyRequests: 429,
    Overloaded: 429,
    Unavailable: 503,
    CometgraphError: 500,
}
MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger("cometgraph.problems")


def status_of(error: CometgraphError) -> int:
    """The HTTP status of an error: that of its nearest listed class."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def problem(error: CometgraphError) -> dict[str, Any]:
    """An error as a problem document."""
    head = {
        "type": f"/docs/errors#{type(error).__name__}",
        "title": error.title,
        "status": status_of(error),
        "detail": str(error),
    }
    return head | error.extra


def problem_response(error: CometgraphError) -> Response:
    """An error as a response."""
    headers: dict[str, str] = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, KeyMissing):
        headers["WWW-Authenticate"] = 'Bearer realm="cometgraph"'
    return Response(orjson.dumps(problem(error)), status_of(error), headers, MEDIA_TYPE)


def logged_response(error: CometgraphError, scope: Scope) -> Response:
    """The same. An error of the service itself is logged, except for probes, which ask every second."""
    if status_of(error) >= 500 and scope["path"] != "/ready":
        # What a student's server says may quote the question, of which no trace may stay here.
        detail = "(keep=false)" if says_not_to_keep(scope["query_string"]) else error
        _log.warning("%s: %s", type(error).__name__, detail)
    return problem_response(error)


def install(app: FastAPI) -> None:
    """Have every error of the application answered as a problem document."""

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, CometgraphError)
        return logged_response(error, request.scope)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return problem_response(bad_input(error.errors(), _parameters(request)))

    async def http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if isinstance(error.__cause__, CometgraphError):  # raised while FastAPI read the body
            return problem_response(error.__cause__)
        if isinstance(error.__cause__, ValueError | RecursionError):  # so are these: no text, too deep
            return problem_response(BadInput.of("body", None, "valid JSON in UTF-8"))
        title = HTTPStatus(error.status_code).phrase
        body = {"type": "about:blank", "title": title, "status": error.status_code, "detail": str(error.detail)}
        return Response(orjson.dumps(body), error.status_code, dict(error.headers or {}), MEDIA_TYPE)

    async def unexpected(_: Request, error: Exception) -> Response:
        _log.error("unexpected error", exc_info=error)
        return problem_response(CometgraphError("something went wrong here; it has been logged"))

    app.add_exception_handler(CometgraphError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, unexpected)


def _parameters(request: Request) -> list[str]:
    """The names of the query parameters of the route that was asked."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return []
    names: list[str] = []
    for parameter in route.dependant.query_params:
        names.extend(getattr(parameter.field_info.annotation, "model_fields", [parameter.alias]))
    return names
