"""POST /cypher and GET /cypher/schema."""

from collections.abc import Iterator
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from schemas.cypher import CypherAnswer, CypherQuestion, CypherSchema
from schemas.problem import NoParameters
from service.answering import cypher
from service.api import ndjson
from service.api.accept import NDJSON
from service.api.disconnect import client_disconnected
from service.api.openapi import EXAMPLES, problems
from service.api.responses import accept_header, json_response, resources_of
from service.runtime.cancellation import cancel_on

router = APIRouter()


@router.post(
    "/cypher",
    response_model=CypherAnswer,
    responses=problems(404, 413, 422, 503, 504) | EXAMPLES["cypher"],
    tags=["graph"],
)
async def query(request: Request, body: CypherQuestion, _: Annotated[NoParameters, Query()]) -> Response:
    """The rows of a Cypher query that reads the graph.

    With `Accept: application/x-ndjson` the columns, each row and the end are on lines of their own.
    """
    disconnect = client_disconnected(request.receive)
    found = await cancel_on(disconnect, cypher.answer(body, resources_of(request)))
    if ndjson.is_wanted(accept_header(request)):
        return Response(b"".join(_lines(found)), media_type=NDJSON)
    return json_response(found)


@router.get("/cypher/schema", response_model=CypherSchema, responses=problems(404), tags=["graph"])
async def schema(request: Request, _: Annotated[NoParameters, Query()]) -> Response:
    """Labels, edge types, properties, functions and limits of Cypher queries, and worked examples."""
    return json_response(cypher.schema(resources_of(request)))


def _lines(found: CypherAnswer) -> Iterator[bytes]:
    yield _line({"columns": found.columns})
    yield from map(_line, found.rows)
    yield _line({"truncated": found.truncated, "rows": len(found.rows), "took_ms": found.took_ms})


def _line(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
