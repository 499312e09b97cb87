"""The counts of /metrics agree with the requests and answers before."""

import re
from collections import Counter
from pathlib import Path

from starlette.testclient import TestClient

from tests.support.requests import CAR, DOG, add, app_with
from tests.support.triples import triple

_SAMPLE = re.compile(r"^(?P<name>\w+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$", re.MULTILINE)


def samples(client: TestClient, name: str) -> dict[tuple[str, ...], float]:
    """The values of a metric by the values of its labels."""
    found = _SAMPLE.finditer(client.get("/metrics").text)
    return {
        tuple(re.findall(r'"(.*?)"', one["labels"] or "")): float(one["value"]) for one in found if one["name"] == name
    }


def test_each_request_counts_for_its_route_and_status(client: TestClient) -> None:
    car = {"event": CAR}
    requests: list[tuple[str, str, dict[str, str], str, int]] = [
        ("GET", "/infer", car, "/infer", 200),
        ("GET", "/infer", car, "/infer", 200),
        ("HEAD", "/infer", car, "/infer", 200),
        ("GET", "/infer", {"event": "qwzx"}, "/infer", 404),
        ("GET", "/infer", {}, "/infer", 422),
        ("DELETE", "/infer", {}, "/infer", 405),
        ("POST", "/infer/batch", {}, "/infer/batch", 422),
        ("GET", f"/events/{CAR}", {}, "/events/{text:path}", 200),
        ("GET", f"/events/{DOG}", {}, "/events/{text:path}", 404),
        ("GET", "/health", {}, "/health", 200),
        ("GET", "/nowhere", {}, "unmatched", 404),
        ("GET", "/nowhere/else", {}, "unmatched", 404),
        ("GET", "/infer/", {}, "unmatched", 307),
    ]
    for method, path, params, _, status in requests:
        assert client.request(method, path, params=params, follow_redirects=False).status_code == status
    expected = Counter((route, str(status)) for *_, route, status in requests)
    assert samples(client, "cometgraph_requests_total") == expected
    seconds = samples(client, "cometgraph_request_seconds_count")
    del seconds["/metrics",]
    assert seconds == Counter((route,) for *_, route, _ in requests)


def test_the_text_of_a_question_is_no_label(client: TestClient) -> None:
    for path in ("/infer?event=qwzx", "/events/qwzx", "/qwzx", "/events?q=qwzx"):
        client.get(path)
    assert "qwzx" not in client.get("/metrics").text


def test_a_failed_request_is_no_longer_in_flight(sample_store: str) -> None:
    with app_with(sample_store) as client:
        resources = client.app.state.resources  # type: ignore[attr-defined]
        client.app.state.resources = None  # type: ignore[attr-defined]
        for path in ("/infer", "/info"):
            assert client.get(path, params={"event": CAR} if path == "/infer" else {}).status_code == 500
        client.app.state.resources = resources  # type: ignore[attr-defined]
        assert samples(client, "cometgraph_requests_in_flight") == {(): 1.0}  # the request for the metrics
        counts = samples(client, "cometgraph_requests_total")
        assert (counts["/infer", "500"], counts["/info", "500"]) == (1.0, 1.0)


def test_each_answer_counts_once_for_its_source_however_it_is_sent(tmp_path: Path) -> None:
    with app_with(str(tmp_path / "store")) as client:
        add(client, triple(CAR, "xWant", "to drive"), triple(DOG, "xReact", "happy", origins=("student:s",)))
        batch = {"questions": [{"event": CAR}, {"event": DOG}, {"event": "PersonX naps"}, {"event": CAR, "limit": 0}]}
        client.post("/infer/batch", json=batch)
        client.post("/infer/batch", json=batch, headers={"accept": "application/x-ndjson"})
        client.get("/infer", params={"event": CAR}, headers={"accept": "text/event-stream"})
        client.get("/infer", params={"event": "PersonX naps"}, headers={"accept": "text/event-stream"})
        for _ in range(2):
            client.get("/infer", params={"event": DOG})
        assert samples(client, "cometgraph_answers_total") == {("graph",): 3.0, ("generated",): 4.0}
        assert samples(client, "cometgraph_answers_from_cache_total") == {(): 1.0}
