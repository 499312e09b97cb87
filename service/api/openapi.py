"""What the OpenAPI document says beyond the types: problems, examples, API keys, and the page of errors."""

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
    400: "The request is no HTTP that makes sense.",
    401: "An API key is required.",
    403: "The API key lacks the scope, or a page of another origin asks for the student, or to keep.",
    404: "What was asked for is not known; for an event, `nearest` are known ones that share its words. Or there is no "
    "student, or no matching, here, and only that could answer.",
    405: "The path does not take this method.",
    413: "The body is over the limit.",
    421: "The `Host` header names no host of this service.",
    422: "A field has a value that is not allowed; `errors` say which and what is.",
    429: "The rate limit is used up, or too many questions wait for the student; `Retry-After` says for how long.",
    503: "A part that is needed does not answer, or is being loaded; `Retry-After` says when to come back.",
}


class _Problems:
    """`PROBLEMS[404, 422]`: these responses, and those that any route may give."""

    def __getitem__(self, statuses: tuple[int, ...]) -> Responses:
        return {status: _response(status) for status in (*statuses, 401, 403, 421, 429)}


def _response(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": _REASONS[status], "content": {MEDIA_TYPE: {"schema": schema}}}


PROBLEMS = _Problems()
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
            "log_prob": None,
            "rank": 1,
            "source": "graph",
            "stored": True,
            "generated": False,
            "origins": ["sample"],
            "split": None,
        }
    ],
    "not_applicable": [],
    "degraded": [],
    "model": None,
    "decoding": None,
    "candidates": None,
    "prompts": None,
    "took_ms": 0.4,
}


def _lines_of(schema: str) -> dict[str, Any]:
    """One object a line."""
    line = [{"$ref": f"#/components/schemas/{name}"} for name in (schema, "Problem")]
    return {"schema": {"anyOf": line, "description": "each line"}}


EXAMPLES: dict[str, Responses] = {
    "infer": {200: {"content": {"application/json": {"example": _ANSWER}}}},
    "batch": {200: {"content": {JSON: {"example": {"answers": [_ANSWER]}}, NDJSON: _lines_of("Answer")}}},
    "scores": {200: {"content": {NDJSON: _lines_of("Score")}}},
}


def query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    """The fields of a model as query parameters of an operation."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    parameters: list[dict[str, Any]] = []
    for name, field in schema["properties"].items():
        said = {"name": name, "in": "query", "required": name in schema.get("required", ())}
        description = field.pop("description", "")
        parameters.append(said | {"description": description, "schema": field})
    return parameters


def install(app: FastAPI, *, keys_required: bool) -> None:
    """Have the application describe itself."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _openapi(app, keys_required)
        return app.openapi_schema

    app.openapi = openapi


def _openapi(app: FastAPI, keys_required: bool) -> dict[str, Any]:
    document = get_openapi(
        title="cometgraph",
        version=cometgraph.__version__,
        description="Commonsense about events: what people want, need and feel, and what happens next.",
        routes=app.routes,
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
