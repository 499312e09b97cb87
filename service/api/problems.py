"""Our errors as HTTP responses: RFC 9457 problem documents."""

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
    QueryEnded,
    ScopeMissing,
    TooLarge,
    TooManyRequests,
    Unavailable,
    UnknownHost,
)
from schemas.validation import bad_input
from service.answering.privacy import has_private_keep

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
    QueryEnded: 504,
    Unavailable: 503,
    CometgraphError: 500,
}
MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger("cometgraph.problems")


def status_of(kind: type[CometgraphError]) -> int:
    """The HTTP status of a class of errors: its own or that of its nearest parent in STATUS."""
    return next(STATUS[parent] for parent in kind.__mro__ if parent in STATUS)


def problem(error: CometgraphError) -> dict[str, Any]:
    """An error as a problem document."""
    head = {
        "type": f"/docs/errors#{type(error).__name__}",
        "title": error.title,
        "status": status_of(type(error)),
        "detail": str(error),
    }
    return head | error.extra


def body_of(result: Any) -> Any:
    """A result of a batch, an error as a problem document."""
    return problem(result) if isinstance(result, CometgraphError) else result


def problem_response(error: CometgraphError) -> Response:
    """An error as a response."""
    headers: dict[str, str] = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, KeyMissing):
        headers["WWW-Authenticate"] = 'Bearer realm="cometgraph"'
    return Response(orjson.dumps(problem(error)), status_of(type(error)), headers, MEDIA_TYPE)


def logged_response(error: CometgraphError, scope: Scope) -> Response:
    """An error as a response. One of the service itself is logged, except for the frequent probes."""
    if status_of(type(error)) >= 500 and scope["path"] != "/ready":
        # The message of a student's server may quote a private question.
        detail = "(keep=false)" if has_private_keep(scope["query_string"]) else error
        _log.warning("%s: %s", type(error).__name__, detail)
    return problem_response(error)


def install(app: FastAPI) -> None:
    """Answer every error of the application by a problem document."""

    async def own(request: Request, error: Exception) -> Response:
        assert isinstance(error, CometgraphError)
        return logged_response(error, request.scope)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return problem_response(bad_input(error.errors(), _parameters(request)))

    async def http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if isinstance(error.__cause__, CometgraphError):  # raised while FastAPI read the body
            return problem_response(error.__cause__)
        if isinstance(error.__cause__, ValueError | RecursionError):  # not UTF-8, nested too deeply
            return problem_response(BadInput.of("body", None, "valid JSON in UTF-8"))
        title = HTTPStatus(error.status_code).phrase
        body = {"type": "about:blank", "title": title, "status": error.status_code, "detail": str(error.detail)}
        return Response(orjson.dumps(body), error.status_code, dict(error.headers or {}), MEDIA_TYPE)

    async def unexpected(_: Request, error: Exception) -> Response:
        _log.error("unexpected error", exc_info=error)
        return problem_response(CometgraphError("something went wrong here; it has been logged"))

    app.add_exception_handler(CometgraphError, own)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, unexpected)


def _parameters(request: Request) -> list[str]:
    """The names of the query parameters of the request's route."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return []
    names: list[str] = []
    for parameter in route.dependant.query_params:
        names.extend(getattr(parameter.field_info.annotation, "model_fields", [parameter.alias]))
    return names
