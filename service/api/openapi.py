"""The OpenAPI document beyond the types: problems, examples, API keys, the address of the service."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, TypeAdapter

import cometgraph
from schemas.problem import Problem
from service.api.accept import JSON, NDJSON
from service.api.problems import MEDIA_TYPE

Responses = dict[int | str, dict[str, Any]]
_REASONS = {
    400: "Malformed HTTP.",
    401: "An API key is required.",
    403: "The API key lacks the scope, or a page of another origin asks for the student, or to keep.",
    404: "Unknown event, with known ones that share its words in `nearest`. Or an unknown cursor, or no student, "
    "matching or Cypher here.",
    405: "Method not allowed.",
    413: "The body is over the limit.",
    421: "The `Host` header names no host of this service.",
    422: "A field has a value that is not allowed. `errors` lists fields, values and allowed values.",
    429: "The rate limit is used up, the student's queue is full, or all slots for Cypher are taken. `Retry-After` "
    "gives the seconds to wait.",
    503: "A part of the service is unavailable or still loading. `Retry-After` gives the seconds to wait.",
    504: "The Cypher query ran out of time or memory.",
}


def problems(*statuses: int) -> Responses:
    """The problem responses of a route: these, and those of every route."""
    return {status: _response(status) for status in (*statuses, 401, 403, 421, 429)}


def _response(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": _REASONS[status], "content": {MEDIA_TYPE: {"schema": schema}}}


_ANSWER: dict[str, Any] = {
    "asked": "I bought a car",
    "event": "PersonX buys a car",
    "roles": {"PersonX": "I"},
    "clauses": [],
    "source": "graph",
    "stored": True,
    "match": {
        "event": "PersonX buys a car",
        "similarity": 1.0,
        "confidence": 1.0,
        "roles": {"PersonX": "PersonX"},
    },
    "inferences": [
        {
            "relation": "xIntent",
            "tail": "to get to work",
            "p_valid": None,
            "critic": None,
            "log_prob": None,
            "rank": 1,
            "source": "graph",
            "stored": True,
            "generated": False,
            "origins": ["sample"],
            "split": None,
            "sentence": None,
        }
    ],
    "not_applicable": [],
    "degraded": [],
    "model": None,
    "decoding": None,
    "critic": None,
    "candidates": None,
    "prompts": None,
    "not_applicable_sentences": None,
    "took_ms": 0.4,
}


def _lines_of(schema: str) -> dict[str, Any]:
    """One object on each line."""
    line = [{"$ref": f"#/components/schemas/{name}"} for name in (schema, "Problem")]
    return {"schema": {"anyOf": line, "description": "each line"}}


EXAMPLES: dict[str, Responses] = {
    "infer": {200: {"content": {"application/json": {"example": _ANSWER}}}},
    "batch": {200: {"content": {JSON: {"example": {"answers": [_ANSWER]}}, NDJSON: _lines_of("Answer")}}},
    "cypher": {200: {"content": {NDJSON: {"schema": {"description": "columns, rows as lists, and the end"}}}}},
    "scores": {200: {"content": {NDJSON: _lines_of("Score")}}},
    "matches": {200: {"content": {NDJSON: _lines_of("Matches")}}},
}


def query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    """The fields of a model as query parameters of an operation."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    parameters: list[dict[str, Any]] = []
    for name, field in schema["properties"].items():
        parameter = {"name": name, "in": "query", "required": name in schema.get("required", ())}
        description = field.pop("description", "")
        parameters.append(parameter | {"description": description, "schema": field})
    return parameters


def install(app: FastAPI, *, keys_required: bool, root_path: str) -> None:
    """Describe the application at /openapi.json. root_path: the setting."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _openapi(app, keys_required, root_path)
        return app.openapi_schema

    app.openapi = openapi


def _openapi(app: FastAPI, keys_required: bool, root_path: str) -> dict[str, Any]:
    document = get_openapi(
        title="cometgraph",
        version=cometgraph.__version__,
        description="Commonsense about events: what people want, need and feel, and what happens next.",
        routes=app.routes,
        servers=[{"url": root_path}] if root_path else None,
    )
    components = document["components"]
    problem = TypeAdapter(Problem).json_schema(ref_template="#/components/schemas/{model}")
    components["schemas"] |= problem.pop("$defs", {}) | {"Problem": problem}
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    if keys_required:
        components["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
    for path, methods in document["paths"].items():
        for operation in methods.values():
            is_open = path in ("/health", "/ready")
            if is_open:
                for status in ("401", "403", "421", "429"):
                    operation["responses"].pop(status, None)
            if keys_required and not is_open:
                operation["security"] = [{"bearer": []}, {"header": []}]
            if "422" in operation["responses"] and MEDIA_TYPE not in operation["responses"]["422"]["content"]:
                del operation["responses"]["422"]
    return document
