"""Requests to the API, and the shape of its answers and problems."""

from typing import Any

import httpx2
from starlette.testclient import TestClient

from service.api.app import create_app
from service.settings import load_settings

CAR = "PersonX buys a car"
DOG = "PersonX adopts a three-legged dog"
SECRET = "0123456789abcdef"
JSON = {"content-type": "application/json"}


def problem(response: httpx2.Response, status: int, kind: str | None = None) -> dict[str, Any]:
    """Every error has this shape."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert {"type", "title", "status", "detail"} <= body.keys()
    assert body["status"] == status
    if status == 422:
        assert body["errors"]
        assert all(e.keys() == {"field", "value", "allowed"} for e in body["errors"])
    if kind is not None:
        assert body["type"] == f"/docs/errors#{kind}"
    return body


def app_with(store: str, **settings: Any) -> TestClient:
    app = create_app(load_settings({"store": store, **settings}))
    return TestClient(app, "http://localhost", raise_server_exceptions=False)


def infer(at: Any, event: str, *relations: str, **params: Any) -> dict[str, Any]:
    response = at.get("/infer", params={"event": event, "relation": list(relations), **params})
    assert response.status_code == 200, response.text
    return response.json()
