"""POST /cypher and GET /cypher/schema, on the sample graph."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient

from tests.support.requests import JSON, app_with, problem
from tests.support.server import Server

SLOW = (
    "UNWIND range(1, 10000) AS a UNWIND range(1, 10000) AS b UNWIND range(1, 10000) AS c "
    "WITH a, b, c WHERE a * b = c * 7 + 1 RETURN count(*)"
)


@pytest.fixture(scope="module")
def app(sample_store: str) -> Iterator[TestClient]:
    with app_with(sample_store, cypher_rows=20, cypher_seconds=1, cypher_slots=1) as client:
        yield client


def test_rows_and_lines(app: TestClient) -> None:
    question = {
        "query": "MATCH (e:Event {text: $event})-[r:xIntent]->(i) RETURN type(r) AS relation, i.text ORDER BY i.text",
        "parameters": {"event": "PersonX buys a car"},
        "limit": 2,
    }
    answer = app.post("/cypher", json=question)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["columns"] == ["relation", "i.text"]
    assert len(body["rows"]) == 2
    assert body["truncated"] is True
    assert body["took_ms"] > 0
    lines = app.post("/cypher", json=question, headers={"accept": "application/x-ndjson"})
    assert lines.headers["content-type"] == "application/x-ndjson"
    first, *rows, last = map(json.loads, lines.text.splitlines())
    assert first == {"columns": body["columns"]}
    assert rows == body["rows"]
    assert {"truncated": True, "rows": 2, "took_ms": last["took_ms"]} == last


@pytest.mark.parametrize(
    ("text", "line", "column", "value"),
    [
        ("MATCH (e)\nSET e.text = 'x' RETURN e", 2, 1, "SET"),
        ("MATCH (e) RETURN e;\nRETURN 1", 1, 19, ";"),
        ('LOAD FROM "/etc/passwd" RETURN *', 1, 1, "LOAD"),
        ("MATCH (e:Event) RETURN split(e.text, ' ')", 1, 24, "split"),
    ],
)
def test_a_refused_query_says_where_and_what_is_allowed(
    app: TestClient, text: str, line: int, column: int, value: str
) -> None:
    refused = app.post("/cypher", json={"query": text})
    assert refused.status_code == 422
    body = refused.json()
    assert body["type"] == "/docs/errors#BadQuery"
    [error] = body["errors"]
    assert (error["field"], error["line"], error["column"]) == ("query", line, column)
    assert error["allowed"]
    assert value in error["message"]


def test_other_bad_fields(app: TestClient) -> None:
    problem(app.post("/cypher", json={"query": "RETURN 1", "limit": 0}), 422, "BadInput")
    problem(app.post("/cypher", json={"query": "RETURN $a", "parameters": {"a": 2**70}}), 422, "BadInput")
    problem(app.post("/cypher", json={"query": "RETURN 1", "more": 0}), 422, "BadInput")


@pytest.mark.parametrize(
    "value",
    ["NaN", "Infinity", "1e999", "1" * 400, "1" * 5000, "[" * 8 + "]" * 8, "[" * 100_000, r'"\ud800"', r'"\u0000"'],
)
def test_parameters_that_no_store_takes(app: TestClient, value: str) -> None:
    body = f'{{"query": "RETURN $a AS x", "parameters": {{"a": {value}}}}}'
    problem(app.post("/cypher", content=body, headers=JSON), 422, "BadInput")
    assert app.post("/cypher", json={"query": "RETURN $a AS x", "parameters": {"a": "é"}}).json()["rows"] == [["é"]]


def test_lines_of_refused_ended_and_cut_queries(app: TestClient) -> None:
    """An error has its status and is no line: nothing is sent before the last row is known."""
    accept = {"accept": "application/x-ndjson"}
    refused = app.post("/cypher", json={"query": "MATCH (e)\nSET e.text = 'x' RETURN e"}, headers=accept)
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert (refused.json()["errors"][0]["line"], refused.json()["errors"][0]["column"]) == (2, 1)
    bad = app.post("/cypher", json={"query": "RETURN $a", "parameters": {"a": 2**70}}, headers=accept)
    problem(bad, 422, "BadInput")
    problem(app.post("/cypher", json={"query": SLOW}, headers=accept), 504, "QueryEnded")
    cut = app.post("/cypher", json={"query": "UNWIND range(1, 100) AS x RETURN x, 'a\\nb' AS y"}, headers=accept)
    first, *rows, last = map(json.loads, cut.text.splitlines())
    assert first == {"columns": ["x", "y"]}
    assert rows == [[n, "a\nb"] for n in range(1, 21)]
    assert (last["truncated"], last["rows"]) == (True, 20)
    none = app.post("/cypher", json={"query": "MATCH (e:Event {text: 'nobody'}) RETURN e"}, headers=accept)
    first, last = map(json.loads, none.text.splitlines())
    assert (first, last["rows"], last["truncated"]) == ({"columns": ["e"]}, 0, False)


LARGE = {"query": "UNWIND range(1, 1000) AS x RETURN x, $t AS t", "parameters": {"t": "é" * 1000}}
"""Two megabytes."""


def test_a_large_answer_is_whole(server: Server) -> None:
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        whole = client.post("/cypher", json=LARGE)
        assert whole.json()["rows"] == [[n, "é" * 1000] for n in range(1, 1001)]
        assert int(whole.headers["content-length"]) == len(whole.content)
        lines = client.post("/cypher", json=LARGE, headers={"accept": "application/x-ndjson"})
        assert [json.loads(line) for line in lines.text.splitlines()[1:-1]] == whole.json()["rows"]


def test_a_client_that_hangs_up_inside_an_answer_holds_no_slot(server: Server) -> None:
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        for _ in range(6):  # two more than there are slots
            head = {"accept": "application/x-ndjson"}
            with client.stream("POST", "/cypher", json=LARGE, headers=head) as answer:
                assert answer.status_code == 200
                assert next(answer.iter_raw())  # and it reads no more
        assert client.post("/cypher", json={"query": "RETURN 1 AS x"}).json()["rows"] == [[1]]
        # So does one that keeps its connection and does not read.
        with contextlib.ExitStack() as slow:
            for _ in range(6):
                assert slow.enter_context(client.stream("POST", "/cypher", json=LARGE)).status_code == 200
            assert client.post("/cypher", json={"query": "RETURN 1 AS x"}).json()["rows"] == [[1]]


def test_an_ended_query_and_a_full_service(app: TestClient) -> None:
    app.post("/cypher", json={"query": "RETURN 1"})
    ended: list[int] = []
    slow = threading.Thread(target=lambda: ended.append(app.post("/cypher", json={"query": SLOW}).status_code))
    slow.start()
    time.sleep(0.3)
    full = app.post("/cypher", json={"query": "RETURN 1"})
    problem(full, 429, "Overloaded")
    assert full.headers["retry-after"] == "1"
    slow.join()
    assert ended == [504]
    assert app.post("/cypher", json={"query": "RETURN 1 AS x"}).json()["rows"] == [[1]]


def test_the_schema_tells_what_runs(app: TestClient) -> None:
    schema = app.get("/cypher/schema").json()
    assert schema["labels"].keys() == {"Event", "Inference", "Relation"}
    assert {"xIntent", "NOT_APPLICABLE", "AS_EVENT"} <= {edge["type"] for edge in schema["edges"]}
    assert "p_valid" in schema["properties"]
    assert schema["link_properties"] == ["confidence", "rule", "reading"]
    assert "collect" in schema["functions"]
    assert schema["limits"] == {"seconds": 1.0, "rows": 20, "bytes": 4 << 20, "slots": 1}
    assert len(schema["examples"]) == 12
    for example in schema["examples"]:
        answer = app.post("/cypher", json={"query": example["query"], "parameters": example["parameters"]})
        assert answer.status_code == 200, (example, answer.text)
        assert answer.json()["rows"], example


def test_without_cypher(tmp_path: Path) -> None:
    with app_with(str(tmp_path / "store"), cypher=False) as client:
        problem(client.post("/cypher", json={"query": "RETURN 1"}), 404, "NoCypher")
        problem(client.get("/cypher/schema"), 404, "NoCypher")


def test_a_client_that_hangs_up_frees_its_slot(server: Server) -> None:
    with httpx2.Client(base_url=server.url, timeout=20) as client:
        assert client.post("/cypher", json={"query": "RETURN 1 AS x"}).json()["rows"] == [[1]]
        for _ in range(5):  # one more than there are slots
            with pytest.raises(httpx2.TimeoutException):
                client.post("/cypher", json={"query": SLOW}, timeout=0.3)
        deadline = time.monotonic() + 60
        while (answer := client.post("/cypher", json={"query": "RETURN 1 AS x"})).status_code != 200:
            assert time.monotonic() < deadline, answer.text  # a busy machine starts its process slowly
        assert answer.json()["rows"] == [[1]]
