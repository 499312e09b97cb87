"""Shared by the routes: JSON, streams, batches, the Accept header, the resources."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Any, TypeVar

import orjson
from fastapi import Request
from starlette.responses import Response, StreamingResponse

from schemas.errors import CometgraphError
from service.answering.concurrency import collected
from service.api import ndjson
from service.api.accept import NDJSON
from service.api.disconnect import client_disconnected
from service.api.problems import body_of
from service.runtime.cancellation import cancel_on
from service.runtime.resources import Resources

_WHOLE = 1 << 16
"""Bytes of a body that is sent at once."""
R = TypeVar("R")


def json_response(body: Any) -> Response:
    """A body of plain values, dataclasses and models as JSON."""
    return Response(orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS), media_type="application/json")


def stream_response(body: AsyncIterator[bytes], media_type: str) -> Response:
    """A body in parts. Caches do not store it, and proxies such as nginx pass each part on at once."""
    return StreamingResponse(
        body, media_type=media_type, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


def parts_response(parts: Sequence[bytes], media_type: str) -> Response:
    """A body of known parts. A large one is sent part by part, and other requests have their turn between."""
    size = sum(map(len, parts))
    if size <= _WHOLE:
        return Response(b"".join(parts), media_type=media_type)

    async def one_by_one() -> AsyncIterator[bytes]:
        for part in parts:
            yield part
            await asyncio.sleep(0)

    return StreamingResponse(one_by_one(), media_type=media_type, headers={"Content-Length": str(size)})


async def batch_response(
    request: Request,
    results: AsyncGenerator[R | CometgraphError],
    number: int,
    member: str,
    answered: Callable[[R], None] = lambda _: None,
) -> Response:
    """Results and problems as NDJSON or as one JSON object, as the Accept header says.

    results: see `service.answering.concurrency.each`.
    number: number of results.
    member: name of the list in the JSON object.
    answered: called with each result without error.
    """
    if ndjson.is_wanted(accept_header(request)):
        lines = await ndjson.lines(results, number, client_disconnected(request.receive), answered)
        return stream_response(lines, NDJSON)
    whole = await cancel_on(client_disconnected(request.receive), collected(results))
    for result in whole:
        if not isinstance(result, CometgraphError):
            answered(result)
    return json_response({member: [body_of(result) for result in whole]})


def accept_header(request: Request) -> str:
    """The Accept header. Several lines count as one list."""
    return ",".join(request.headers.getlist("accept"))


def resources_of(request: Request) -> Resources:
    """The resources of the request's application."""
    return request.app.state.resources
