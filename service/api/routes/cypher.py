"""POST /cypher and GET /cypher/schema."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from graph.query.request import Rows
from schemas.cypher import CypherAnswer, CypherQuestion, CypherSchema
from schemas.problem import NoParameters
from service.answering import cypher
from service.api import ndjson
from service.api.accept import JSON, NDJSON
from service.api.disconnect import client_disconnected
from service.api.openapi import EXAMPLES, problems
from service.api.responses import accept_header, json_response, parts_response, resources_of
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
    found, took_ms = await cancel_on(disconnect, cypher.answer(body, resources_of(request)))
    if ndjson.is_wanted(accept_header(request)):
        return parts_response(_lines(found, took_ms), NDJSON)
    return parts_response(_json(found, took_ms), JSON)


@router.get("/cypher/schema", response_model=CypherSchema, responses=problems(404), tags=["graph"])
async def schema(request: Request, _: Annotated[NoParameters, Query()]) -> Response:
    """Labels, edge types, properties, functions and limits of Cypher queries, and worked examples."""
    return json_response(cypher.schema(resources_of(request)))


def _lines(found: Rows, took_ms: float) -> list[bytes]:
    end = {"truncated": found.truncated, "rows": found.number, "took_ms": took_ms}
    return [_line({"columns": found.columns}), *found.lines, _line(end)]


def _json(found: Rows, took_ms: float) -> list[bytes]:
    """A CypherAnswer. The rows pass as the reader process wrote them: 4 MB take this process too long."""
    rows = [part.replace(b"\n", b",") for part in found.lines]
    if rows:
        rows[-1] = rows[-1][:-1]
    end = orjson.dumps({"truncated": found.truncated, "took_ms": took_ms})
    return [b'{"columns":', orjson.dumps(found.columns), b',"rows":[', *rows, b"],", end[1:]]


def _line(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
