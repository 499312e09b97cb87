"""What routes share: JSON and NDJSON responses, the Accept header, the resources."""

from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar

import orjson
from fastapi import Request
from starlette.responses import Response, StreamingResponse

from schemas.errors import CometgraphError
from service.api import sse as streaming
from service.api.accept import NDJSON
from service.api.disconnect import client_disconnected
from service.runtime.resources import Resources

R = TypeVar("R")


def json_response(body: Any) -> Response:
    """A body of plain values, dataclasses and models as JSON."""
    return Response(orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS), media_type="application/json")


async def ndjson_response(
    request: Request, results: AsyncGenerator[R | CometgraphError], number: int, answered: Callable[[R], None]
) -> Response:
    """Results and problems, one a line, as they come."""
    lines = await streaming.lines(results, number, client_disconnected(request.receive), answered)
    return StreamingResponse(lines, media_type=NDJSON, headers={"Cache-Control": "no-store"})


def accept_header(request: Request) -> str:
    """The Accept header, which may come in several lines."""
    return ",".join(request.headers.getlist("accept"))


def resources_of(request: Request) -> Resources:
    """The parts of the application that a request came to."""
    return request.app.state.resources
