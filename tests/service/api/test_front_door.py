"""Who may ask, from where: the Host header, pages of other origins, and what keys may keep."""

import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from schemas.errors import BadInput
from service.settings import load_settings
from tests.support.requests import CAR, JSON, SECRET, app_with, opened_app, problem
from tests.support.server import Server, cometgraph

QUESTION = {"event": CAR, "relation": "xIntent"}
KEYS = f"reader:read:{SECRET}R,writer:write:{SECRET}W"
PAGE = {"Origin": "https://evil.example"}
READER, WRITER = ({"X-API-Key": f"{SECRET}{letter}"} for letter in "RW")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8000",
        "localhost.",
        "app.localhost:1",
        "127.0.0.1:8000",
        "127.8.9.10",
        "[::1]",
        "[0:0::1]:80",
    ],
)
def test_loopback_names_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/infer", params=QUESTION, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "notlocalhost",
     "10.0.0.1", "[::2]", "[::1", "::1", "localhost:port", "localhost:8000:8000", "user@localhost", "localhost/",
     "", " ", "*", "0.0.0.0", "localhost, evil.example", "128.0.0.1", "127.1"],
)  # fmt: skip
def test_other_names_are_misdirected(client: TestClient, host: str) -> None:
    for path in ("/infer", "/events", "/docs", "/openapi.json", "/metrics", "/nowhere"):
        body = problem(client.get(path, params=QUESTION, headers={"Host": host}), 421, "UnknownHost")
        assert "allowed_hosts" in body["detail"]
        assert host.strip() in body["detail"]
    for path in ("/health", "/ready"):
        assert client.get(path, headers={"Host": host}).status_code == 200


def test_a_request_without_a_host_or_with_two_is_refused(server: Server) -> None:
    port = int(server.url.rpartition(":")[2])
    for headers in (b"", b"Host: localhost\r\nHost: localhost\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(b"GET /info HTTP/1.1\r\n" + headers + b"Connection: close\r\n\r\n")
            response = b"".join(iter(partial(connection.recv, 1 << 16), b""))
        assert response.startswith((b"HTTP/1.1 421", b"HTTP/1.1 400")), response[:200]


ALLOWED = "Example.ORG, *.inner.example:8443,.dotted.example"


@pytest.mark.parametrize(
    ("host", "fine"),
    [
        ("example.org", True),
        ("EXAMPLE.org.:8000", True),
        ("www.example.org", False),
        ("a.inner.example", True),
        ("a.b.inner.example:1", True),
        ("inner.example", False),
        ("xinner.example", False),
        ("a.dotted.example", True),
        ("dotted.example", False),
        ("localhost", True),
        ("192.0.2.7", False),
    ],
)
def test_named_hosts(sample_store: str, host: str, fine: bool) -> None:
    with app_with(sample_store, allowed_hosts=ALLOWED) as client:
        assert (client.get("/relations", headers={"Host": host}).status_code == 200) is fine


def test_the_address_that_it_listens_on_is_a_name_of_it(sample_store: str) -> None:
    for listens, host, fine in (
        ("192.0.2.7", "192.0.2.7:8000", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("2001:db8::7", "[2001:DB8:0::7]:1", True),
        ("0.0.0.0", "0.0.0.1", False),
        ("inner.example", "Inner.Example", True),
    ):
        with app_with(sample_store, host=listens) as client:
            assert (client.get("/relations", headers={"Host": host}).status_code == 200) is fine, host


def test_any_host(sample_store: str) -> None:
    with app_with(sample_store, allowed_hosts="*") as client:
        assert client.get("/relations", headers={"Host": "evil.example"}).status_code == 200
        problem(client.get("/relations", headers={"Host": ""}), 421, "UnknownHost")


@pytest.mark.parametrize("allowed", ["https://example.org", "a b", "example.org/", "*.", "a.*.example", "**", "[::g]"])
def test_what_is_no_name_is_refused(sample_store: str, allowed: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="allowed_hosts"):
        app_with(sample_store, allowed_hosts=f"example.org,{allowed}").__enter__()
    done = cometgraph("serve", "--allowed-hosts", allowed, "--store", str(tmp_path / "store"))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert not (tmp_path / "store").exists()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, with_student: dict[str, str]) -> Iterator[TestClient]:
    """The application with its student, on a graph of its own; example.org is named."""
    folder = str(tmp_path_factory.mktemp("door") / "store")
    assert cometgraph("load", "graph/sample.jsonl", "--store", folder).returncode == 0
    options = {"match": False, "no_critic": True, "cache": with_student["COMETGRAPH_CACHE"]}
    settings = load_settings({"store": folder, "allowed_hosts": "example.org"} | options)
    with opened_app(settings, models="now") as client:
        client.base_url = "http://localhost:8000"
        yield client


FOREIGN: list[dict[str, str]] = [
    PAGE,
    {"Origin": "null"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "http://127.0.0.1:8000"},
    {"Origin": "http://localhost"},
    {"Origin": "http://evilexample.org"},
    {"Origin": "garbage"},
    {"Origin": "http://localhost:8000/path"},
    {"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]
OWN: list[dict[str, str]] = [
    {},
    {"Origin": "http://localhost:8000"},
    {"Origin": "https://LOCALHOST:8000"},
    {"Origin": "http://example.org:3000"},
    {"Origin": "https://example.org", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_page_of_another_origin_has_what_is_stored_alone(live: TestClient, headers: dict[str, str]) -> None:
    def get(**params: Any) -> httpx2.Response:
        return live.get("/infer", params=params, headers=headers)

    before = live.get("/info").json()["triples"]
    assert get(**QUESTION).json()["source"] == "graph"
    unseen = {"event": "PersonX paints a foreign wall", "relation": "xReact"}
    body = problem(get(**unseen), 403, "ForeignOrigin")
    assert "allowed_hosts" in body["detail"]
    problem(get(**QUESTION, mode="generate"), 403, "ForeignOrigin")
    problem(get(**QUESTION, keep=True), 403, "ForeignOrigin")
    # What is stored is answered, and what the student would add is named.
    mixed = get(event=CAR, relation=["xIntent", "xReason"]).json()
    assert mixed["source"] == "graph"
    assert [line for line in mixed["degraded"] if line.startswith("generate xReason: a page of another origin")]
    questions = {"questions": [QUESTION, unseen, QUESTION | {"keep": True}]}
    answers = live.post("/infer/batch", json=questions, headers=headers).json()["answers"]
    assert answers[0]["source"] == "graph"
    assert [a["type"] for a in answers[1:]] == ["/docs/errors#ForeignOrigin"] * 2
    scored = {"event": CAR, "relation": "xIntent", "tail": "to get to work"}
    problem(live.post("/score", json=scored, headers=headers), 403, "ForeignOrigin")
    [one] = live.post("/score/batch", json={"triples": [scored]}, headers=headers).json()["scores"]
    assert one["type"] == "/docs/errors#ForeignOrigin"
    stream = live.get("/infer", params=unseen, headers=headers | {"Accept": "text/event-stream"})
    problem(stream, 403, "ForeignOrigin")
    assert live.get("/info").json()["triples"] == before


@pytest.mark.parametrize("headers", OWN)
def test_its_own_pages_and_programs_may_ask_for_all(live: TestClient, headers: dict[str, str]) -> None:
    scored = {"event": CAR, "relation": "xIntent", "tail": "to get to work"}
    assert live.post("/score", json=scored, headers=headers).status_code == 200
    question = {"event": f"PersonX paints wall {OWN.index(headers) + 2}", "relation": "xReact"}
    assert live.get("/infer", params=question, headers=headers).json()["source"] == "generated"
    assert live.get("/infer", params=question, headers=headers).json()["stored"] is True


def test_a_default_port_may_be_left_out(live: TestClient) -> None:
    scored = {"event": CAR, "relation": "xIntent", "tail": "to get to work"}
    for host, origin, status in (
        ("localhost", "https://localhost", 200),  # TLS ends in a proxy
        ("localhost:80", "http://localhost", 200),
        ("localhost:443", "https://localhost", 200),
        ("localhost", "https://localhost:443", 200),
        ("localhost", "http://localhost:443", 403),
        ("localhost", "https://localhost:8443", 403),
    ):
        response = live.post("/score", json=scored, headers={"Host": host, "Origin": origin})
        assert response.status_code == status, (host, origin)


def test_the_star_trusts_no_origin(sample_store: str) -> None:
    with app_with(sample_store, allowed_hosts="*") as client:
        problem(client.get("/infer", params=QUESTION | {"keep": True}, headers=PAGE), 403, "ForeignOrigin")


def test_to_keep_wants_the_scope(sample_store: str) -> None:
    with app_with(sample_store, api_keys=KEYS) as client:
        question = QUESTION | {"keep": True}
        # Twice: the answer to one who may is not ready for one who may not.
        for _ in range(2):
            assert client.get("/infer", params=question, headers=WRITER).status_code == 200
        assert (
            "'write'" in problem(client.get("/infer", params=question, headers=READER), 403, "ScopeMissing")["detail"]
        )
        for keep in ({}, {"keep": False}):
            assert client.get("/infer", params=QUESTION | keep, headers=READER).status_code == 200
        body = {"questions": [question, QUESTION]}
        refused, answered = client.post("/infer/batch", json=body, headers=READER | JSON).json()["answers"]
        assert (refused["type"], answered["source"]) == ("/docs/errors#ScopeMissing", "graph")


def test_a_service_that_keeps_nothing_says_so(sample_store: str) -> None:
    with app_with(sample_store, keep=False) as client:
        body = problem(client.get("/infer", params=QUESTION | {"keep": True}), 422, "BadInput")
        assert body["errors"][0]["field"] == "keep"
        assert "--no-keep" in body["errors"][0]["message"]
        for keep in ({}, {"keep": False}):
            assert client.get("/infer", params=QUESTION | keep).status_code == 200
