"""Cached answers to GET /infer: never stale, bounded, counted like others; and the HTTP of their endpoint."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.settings import load_settings
from tests.support.requests import CAR, add, app_with, opened_app
from tests.support.triples import triple

WAITS, NAPS = "PersonX waits", "PersonX naps"


def infer(client: TestClient, event: str, **params: Any) -> dict[str, Any]:
    response = client.get("/infer", params={"event": event} | params)
    assert response.status_code == 200, response.text
    return response.json()


def texts(answer: dict[str, Any]) -> list[str]:
    return [inference["tail"] for inference in answer["inferences"]]


def count(client: TestClient, metric: str) -> int:
    match = re.search(rf"^{re.escape(metric)} ([\d.]+)$", client.get("/metrics").text, re.MULTILINE)
    return int(float(match[1])) if match else 0


def cached(client: TestClient) -> int:
    return count(client, "cometgraph_answers_from_cache_total")


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[TestClient]:
    with app_with(str(tmp_path / "store")) as client:
        add(client, triple(WAITS, "xWant", "to go"), triple(NAPS, "xWant", "to wake"))
        yield client


def test_a_change_of_one_event_leaves_the_answers_of_others(filled: TestClient) -> None:
    for _ in range(2):
        assert texts(infer(filled, WAITS)) == ["to go"]
        assert texts(infer(filled, NAPS)) == ["to wake"]
    assert cached(filled) == 2
    add(filled, triple(WAITS, "xWant", "to eat"))
    assert texts(infer(filled, NAPS)) == ["to wake"]
    assert cached(filled) == 3
    assert texts(infer(filled, WAITS)) == ["to eat", "to go"]
    assert cached(filled) == 3
    assert texts(infer(filled, WAITS)) == ["to eat", "to go"]
    assert cached(filled) == 4


def test_a_change_of_the_graph_as_a_whole_leaves_none(filled: TestClient) -> None:
    add(filled, triple(WAITS, "xWant", "to sing", origins=("other",)))
    for _ in range(2):
        infer(filled, WAITS), infer(filled, NAPS)
    assert filled.portal is not None
    filled.portal.call(filled.app.state.resources.store.forget, "other")  # type: ignore[attr-defined]
    assert texts(infer(filled, WAITS)) == ["to go"]
    infer(filled, NAPS)
    assert cached(filled) == 2


def test_a_text_that_becomes_an_event_of_its_own_is_not_answered_as_it_was_read_before(filled: TestClient) -> None:
    add(filled, triple("PersonX buys a boat", "xWant", "to sail"))
    for _ in range(2):
        before = infer(filled, "I bought a boat")
        assert (before["event"], texts(before)) == ("PersonX buys a boat", ["to sail"])
    assert cached(filled) == 1
    add(filled, triple("I bought a boat", "xWant", "to row"))
    assert texts(infer(filled, "I bought a boat")) == ["to row"]
    assert cached(filled) == 1


@contextmanager
def with_models(store: Path, env: dict[str, str], **settings: Any) -> Iterator[TestClient]:
    """The application in this process, when its models are up."""
    off = {"generate": False, "match": False, "no_critic": True}
    options = {"store": str(store), "cache": env["COMETGRAPH_CACHE"]} | off | settings
    with opened_app(load_settings(options), models="now") as client:
        yield client


def test_a_near_duplicate_that_changes_is_not_answered_as_before(tmp_path: Path, with_index: dict[str, str]) -> None:
    boat, same = "PersonX buys a boat", "PersonX is buying the boat"
    with app_with(str(tmp_path / "store")) as client:
        add(client, triple(boat, "xIntent", "to sail"), triple(boat, "xNeed", "money"), triple(NAPS, "xNeed", "a bed"))
    with with_models(tmp_path / "store", with_index, match=True) as client:
        for _ in range(2):
            answer = infer(client, same, relation="xIntent")
            assert (answer["source"], answer["match"]["event"], texts(answer)) == ("near_duplicate", boat, ["to sail"])
        assert (cached(client), count(client, 'cometgraph_answers_total{source="near_duplicate"}')) == (1, 2)
        add(client, triple(NAPS, "xIntent", "to rest"))
        infer(client, same, relation="xIntent")
        assert cached(client) == 2
        add(client, triple(boat, "xIntent", "to fish"))
        assert texts(infer(client, same, relation="xIntent")) == ["to fish", "to sail"]
        # What is stored of the event itself goes before a near-duplicate; together they rest on both.
        add(client, triple(same, "xIntent", "to own one"))
        assert texts(infer(client, same, relation="xIntent", as_is=True)) == ["to own one"]
        both = {"relation": ["xIntent", "xNeed"], "as_is": True}
        for _ in range(2):
            assert texts(infer(client, same, **both)) == ["money", "to own one"]
        assert cached(client) == 3
        add(client, triple(boat, "xNeed", "a licence"))
        assert texts(infer(client, same, **both)) == ["a licence", "money", "to own one"]
        assert cached(client) == 3


def test_where_no_near_duplicate_was_found_one_may_come(tmp_path: Path, with_index: dict[str, str]) -> None:
    with app_with(str(tmp_path / "store")) as client:
        add(client, triple("PersonX is buying the boat", "xIntent", "to sail"), triple(NAPS, "xNeed", "a bed"))
    with with_models(tmp_path / "store", with_index, match=True) as client:
        for _ in range(2):
            assert infer(client, NAPS, relation=["xNeed", "xWant"])["degraded"] == []
        assert cached(client) == 0


def test_what_the_student_has_just_written_is_not_cached_and_makes_others_not_stale(
    tmp_path: Path, with_student: dict[str, str]
) -> None:
    dog = "PersonX adopts a three-legged dog"
    with app_with(str(tmp_path / "store")) as client:
        add(client, triple(NAPS, "xReact", "rested"))
    with with_models(tmp_path / "store", with_student, generate=True) as client:
        infer(client, NAPS, relation="xReact")
        written = [infer(client, dog, relation="xReact", decoding="fast") for _ in range(3)]
        assert [answer["stored"] for answer in written] == [False, True, True]
        assert len({tuple(texts(answer)) for answer in written}) == 1
        assert cached(client) == 1
        assert count(client, 'cometgraph_answers_total{source="generated"}') == 3
        infer(client, NAPS, relation="xReact")
        assert cached(client) == 2
        for _ in range(2):  # written anew each time it is wanted
            assert infer(client, dog, relation="xReact", mode="generate", decoding="fast")["stored"] is False
        assert cached(client) == 2


def test_what_cannot_matter_makes_no_other_answer(filled: TestClient) -> None:
    first = infer(filled, WAITS, seed=1)
    for params in (
        {"seed": 2},
        {"decoding": "paper"},
        {"n": 3, "temperature": 0.5, "top_p": 0.7},
        {"max_new_tokens": 9},
    ):
        assert infer(filled, WAITS, **params) | {"took_ms": 0} == first | {"took_ms": 0}
    assert cached(filled) == 4
    for params in ({"limit": 1}, {"relation": "xWant"}, {"mode": "graph"}, {"origin": "test"}, {"as_is": True}):
        infer(filled, WAITS, **params)
    assert infer(filled, f"{WAITS}.")["asked"] == f"{WAITS}."
    assert infer(filled, WAITS, explain=True)["candidates"] is None
    infer(filled, WAITS, explain=True)
    assert cached(filled) == 4


def test_cached_answers_are_answers_and_their_time_is_told_anew(filled: TestClient) -> None:
    answers = [infer(filled, WAITS) for _ in range(5)]
    assert count(filled, 'cometgraph_answers_total{source="graph"}') == 5
    assert cached(filled) == 4
    assert all(answer["took_ms"] >= 0 for answer in answers)
    assert len({answer["took_ms"] for answer in answers}) > 1
    assert count(filled, 'cometgraph_requests_total{route="/infer",status="200"}') == 5
    answered = filled.get("/infer", params={"event": WAITS})
    assert re.fullmatch(r"total;dur=[\d.]+", answered.headers["server-timing"])


def test_the_cache_is_bounded_in_bytes(tmp_path: Path) -> None:
    with app_with(str(tmp_path / "store"), cache_bytes=20_000) as client:
        events = [f"PersonX waits {n}" for n in range(40)]
        add(client, *(triple(event, "xWant", "to go") for event in events))
        add(client, *(triple(NAPS, "xWant", f"to dream of {n} sheep") for n in range(200)))
        for event in events:
            infer(client, event)
        infer(client, events[-1])
        assert cached(client) == 1
        infer(client, events[0])
        assert cached(client) == 1  # its place was needed
        for _ in range(2):  # no place would be large enough
            assert len(texts(infer(client, NAPS, limit=200))) == 200
        assert cached(client) == 1
        infer(client, events[-1])
        assert cached(client) == 2


@pytest.mark.parametrize(
    ("settings", "hits"), [({"cache_bytes": 0}, 0), ({"cache_entries": 0}, 0), ({"cache_entries": 1}, 2)]
)
def test_bounds_of_none_and_one(tmp_path: Path, settings: dict[str, int], hits: int) -> None:
    with app_with(str(tmp_path / "store"), **settings) as client:
        add(client, triple(WAITS, "xWant", "to go"), triple(NAPS, "xWant", "to wake"))
        for event in (WAITS, WAITS, NAPS, NAPS, WAITS):
            infer(client, event)
        assert cached(client) == hits


def test_methods_of_infer(client: TestClient) -> None:
    params = {"event": CAR, "relation": "xWant"}
    for _ in range(2):  # looked up, then cached
        got, head = client.get("/infer", params=params), client.head("/infer", params=params)
        assert (got.status_code, head.status_code, head.content) == (200, 200, b"")
        assert head.headers.keys() == got.headers.keys() == {"content-length", "content-type", "server-timing"}
        assert got.headers["content-type"] == head.headers["content-type"] == "application/json"
        assert int(got.headers["content-length"]) == len(got.content)
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        refused = client.request(method, "/infer", params=params)
        assert refused.status_code == 405
        assert refused.headers["content-type"] == "application/problem+json"
        assert set(refused.headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_errors_of_infer_are_problems_and_are_counted(client: TestClient) -> None:
    for params, status, kind in (
        ({"event": "PersonX sells sea shells"}, 404, "EventNotFound"),
        ({"event": CAR, "limit": "0"}, 422, "BadInput"),
        ({"event": CAR, "mode": "generate"}, 404, "NoStudent"),
        ({"event": CAR, "seed": ["1", "2"]}, 422, "BadInput"),
        ({}, 422, "BadInput"),
    ):
        for _ in range(2):
            response = client.get("/infer", params=params)
            body = response.json()
            assert (response.status_code, body["status"], body["type"]) == (status, status, f"/docs/errors#{kind}")
            assert response.headers["content-type"] == "application/problem+json"
            assert "server-timing" in response.headers
    assert count(client, 'cometgraph_requests_total{route="/infer",status="422"}') == 6
    assert count(client, 'cometgraph_requests_total{route="/infer",status="404"}') == 4


def test_what_is_unexpected_is_a_problem_without_its_cause(sample_store: str) -> None:
    with app_with(sample_store) as client:
        client.app.state.resources = None  # type: ignore[attr-defined]
        response = client.get("/infer", params={"event": CAR})
        assert (response.status_code, response.json()["type"]) == (500, "/docs/errors#CometgraphError")
        assert "NoneType" not in response.text


def test_keys_guard_the_endpoint(sample_store: str) -> None:
    with app_with(sample_store, api_keys="reader:read:0123456789abcdef") as client:
        for headers, status in (({}, 401), ({"x-api-key": "0123456789abcdef"}, 200), ({}, 401)):
            assert client.get("/infer", params={"event": CAR}, headers=headers).status_code == status


@pytest.mark.parametrize("path", ["/infer/", "/infer/batch", "/inferx"])
def test_only_infer_is_infer(client: TestClient, path: str) -> None:
    assert client.get(path, params={"event": CAR}, follow_redirects=False).status_code in (307, 404, 405)
