"""Web pages of other origins: without the setting they get no CORS headers, with it named ones may use the API."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from schemas.errors import BadInput
from tests.support.requests import CAR, SECRET, app_with, problem

APP = "https://app.example.org"
ALLOWED = f"HTTPS://app.example.org:443, http://localhost:3000,{APP}"
KEEP = {"event": CAR, "relation": "xIntent", "keep": True}


def preflight(client: TestClient, origin: str, headers: str = "authorization,x-api-key", path: str = "/infer") -> Any:
    request = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": headers}
    return client.options(path, headers={"Origin": origin} | request)


def test_without_the_setting_there_is_no_cors(client: TestClient) -> None:
    problem(preflight(client, APP), 405)
    response = client.get("/infer", params={"event": CAR}, headers={"Origin": APP})
    assert not [name for name in response.headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", ["/infer", "/infer/batch", "/events", "/info"])
def test_a_preflight_allows_keys_without_one(sample_store: str, path: str) -> None:
    with app_with(sample_store, cors_origin=ALLOWED, api_keys=f"reader:read:{SECRET}") as client:
        for origin in (APP, "http://localhost:3000"):
            response = preflight(client, origin, path=path)
            assert (response.status_code, response.headers["access-control-allow-origin"]) == (200, origin)
            allowed = response.headers["access-control-allow-headers"].lower().split(", ")
            assert {"authorization", "x-api-key", "content-type"} <= set(allowed)
            assert {"GET", "POST"} <= set(response.headers["access-control-allow-methods"].split(", "))
        problem(preflight(client, "https://evil.example", path=path), 401, "KeyMissing")


def test_answers_and_problems_have_the_headers(sample_store: str) -> None:
    keys = {"X-API-Key": SECRET}
    settings = {"cors_origin": APP, "api_keys": f"reader:read:{SECRET}", "rate_limit": "10/hour"}
    with app_with(sample_store, **settings) as client:
        for path, headers, status in (
            (f"/infer?event={CAR}", keys, 200),
            ("/events?limit=1", keys, 200),
            ("/infer?event=qwzx&mode=graph", keys, 404),
            ("/infer?event=...", keys, 422),
            ("/nowhere", keys, 404),
            ("/info", {}, 401),
            ("/info", keys | {"Host": "evil.example"}, 421),
            ("/info", keys, 429),
        ):
            response = client.get(path, headers=headers | {"Origin": APP})
            assert (response.status_code, response.headers["access-control-allow-origin"]) == (status, APP), path
            assert "Origin" in response.headers["vary"]
            assert "Retry-After" in response.headers["access-control-expose-headers"]
            other = client.get(path, headers=headers | {"Origin": "https://evil.example"})
            assert "access-control-allow-origin" not in other.headers


def test_an_unexpected_error_has_the_headers(sample_store: str) -> None:
    with app_with(sample_store, cors_origin=APP) as client:
        client.app.state.resources = None  # type: ignore[attr-defined]
        for path in (f"/infer?event={CAR}", "/info"):
            response = client.get(path, headers={"Origin": APP})
            assert (response.status_code, response.headers["access-control-allow-origin"]) == (500, APP)


def test_an_allowed_origin_is_not_foreign(sample_store: str) -> None:
    with app_with(sample_store, cors_origin=ALLOWED) as client:
        for origin in (APP, "http://localhost:3000"):
            assert client.get("/infer", params=KEEP, headers={"Origin": origin}).status_code == 200
        for origin in (
            "https://evil.example",
            "http://app.example.org",
            f"{APP}:8443",
            "http://localhost:3001",
            "null",
        ):
            problem(client.get("/infer", params=KEEP, headers={"Origin": origin}), 403, "ForeignOrigin")


def test_any_origin(sample_store: str) -> None:
    with app_with(sample_store, cors_origin="*") as client:
        assert preflight(client, "https://evil.example").headers["access-control-allow-origin"] == "*"
        response = client.get("/infer", params=KEEP, headers={"Origin": "https://evil.example"})
        assert (response.status_code, response.headers["access-control-allow-origin"]) == (200, "*")


@pytest.mark.parametrize(
    "origin", ["example.org", "https://example.org/", "ftp://example.org", "https://", "null", "**"]
)
def test_an_entry_without_an_origin_is_refused(sample_store: str, origin: str) -> None:
    with pytest.raises(BadInput, match="cors_origin"):
        app_with(sample_store, cors_origin=f"{APP},{origin}").__enter__()
