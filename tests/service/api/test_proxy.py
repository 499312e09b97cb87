"""The service behind a proxy that ends TLS or adds a prefix: pages and redirects have relative URLs."""

import re
from urllib.parse import urljoin

import pytest
from starlette.testclient import TestClient

from schemas.errors import BadInput
from tests.support.requests import CAR, SECRET, app_with, problem

FORWARDED = {"Host": "localhost:8000", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize("base", ["https://api.example.org", "https://example.org/comet"])
def test_the_page_loads_its_files_from_its_own_place(client: TestClient, base: str) -> None:
    page = client.get("/docs", headers=FORWARDED).text
    urls = re.findall(r"""(?:src|href|url)(?:=|: )["']([^"']+)["']""", page)
    assert len(urls) == 4
    for url in urls:
        absolute = urljoin(f"{base}/docs", url)
        assert absolute.startswith(f"{base}/")
        assert client.get(absolute.removeprefix(base)).status_code == 200


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/", "/docs"),
        ("/infer/", "/infer"),
        ("/infer/?event=PersonX%20waits&limit=1", "/infer?event=PersonX%20waits&limit=1"),
        ("/infer/batch/", "/infer/batch"),
        ("/docs/", "/docs"),
        ("/docs/errors/", "/docs/errors"),
    ],
)
def test_redirects_are_relative(client: TestClient, path: str, target: str) -> None:
    response = client.get(path, headers=FORWARDED, follow_redirects=False)
    location = response.headers["location"]
    assert response.status_code == 307
    assert not location.startswith(("http", "/"))
    for base in ("https://api.example.org", "https://example.org/comet"):
        assert urljoin(f"{base}{path}", location) == f"{base}{target}"


@pytest.mark.parametrize("path", ["/infer//", "/nowhere/", "//infer/x/", "/evil.example//"])
def test_other_paths_are_unknown(client: TestClient, path: str) -> None:
    problem(client.get(f"http://localhost{path}", follow_redirects=False), 404)


def test_a_proxy_may_leave_the_prefix(sample_store: str) -> None:
    settings = {"root_path": "/comet/v1", "api_keys": f"reader:read:{SECRET}"}
    with app_with(sample_store, **settings) as client:
        for prefix in ("", "/comet/v1"):
            assert client.get(f"{prefix}/openapi.json").json()["servers"] == [{"url": "/comet/v1"}]
            assert client.get(f"{prefix}/health").status_code == 200
            for path in (f"/infer?event={CAR}", "/events?limit=1"):
                problem(client.get(f"{prefix}{path}"), 401, "KeyMissing")
                assert client.get(f"{prefix}{path}", headers={"X-API-Key": SECRET}).status_code == 200
        problem(client.get("/comet/v10/health", headers={"X-API-Key": SECRET}), 404)


def test_without_a_prefix_the_document_names_no_server(client: TestClient) -> None:
    assert "servers" not in client.get("/openapi.json").json()


@pytest.mark.parametrize("root_path", ["comet", "/comet/", "/", "/a b", "//x", "/x?y"])
def test_what_is_no_path_is_refused(sample_store: str, root_path: str) -> None:
    with pytest.raises(BadInput, match="root_path"):
        app_with(sample_store, root_path=root_path).__enter__()
