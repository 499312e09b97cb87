"""Requests to the API, and the shape of its answers and problems."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Literal

import httpx2
from anyio.from_thread import start_blocking_portal
from starlette.testclient import TestClient

from schemas.triples import Triple
from service.api.app import create_app
from service.runtime.resources import Resources, open_resources
from service.settings import Settings, load_settings
from tests.support.server import wait_until_ready

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
        assert all(e.keys() == {"field", "value", "allowed", "message"} for e in body["errors"])
    if kind is not None:
        assert body["type"] == f"/docs/errors#{kind}"
    return body


@contextmanager
def app_with(store: str, **settings: Any) -> Generator[TestClient]:
    """The application in this process, without models."""
    with opened_app(load_settings({"store": store, **settings})) as client:
        yield client


@contextmanager
def opened_app(settings: Settings, models: Literal["now", "late"] | None = None) -> Generator[TestClient]:
    """The application in this process. Its resources live on the event loop of its client.

    models: as for `open_resources`. "now" waits for them.
    """
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(open_resources(settings, models=models)) as resources,
    ):
        client = TestClient(create_app(settings, resources), "http://localhost", raise_server_exceptions=False)
        client.portal = portal
        if models == "now":
            wait_until_ready(client.get)
        yield client


def resources_of(client: TestClient) -> Resources:
    """The parts of the application."""
    return client.app.state.resources  # type: ignore[attr-defined]


def add(client: TestClient, *triples: Triple) -> None:
    """Store triples."""
    assert client.portal is not None
    client.portal.call(resources_of(client).store.add, triples)


def infer(at: Any, event: str, *relations: str, **params: Any) -> dict[str, Any]:
    response = at.get("/infer", params={"event": event, "relation": list(relations), **params})
    assert response.status_code == 200, response.text
    return response.json()
