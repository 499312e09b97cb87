"""The HTTP API on the sample graph."""

import base64
import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from schemas import errors
from schemas.errors import CometgraphError
from schemas.infer import Answer, Inference, Question
from schemas.relations import RELATIONS
from service.api.problems import STATUS, status_of
from tests.support.requests import CAR, JSON, SECRET, app_with, problem
from tests.support.server import ROOT

MATCH = {"event": CAR, "similarity": 1.0, "confidence": 1.0, "roles": {"PersonX": "PersonX"}}


def test_infer(client: TestClient) -> None:
    response = client.get("/infer", params={"event": CAR, "relation": "xIntent"})
    body = response.json()
    assert response.status_code == 200
    assert list(body) == [field.name for field in dataclasses.fields(Answer)]
    assert (body["event"], body["source"], body["match"]) == (CAR, "graph", MATCH)
    assert len(body["inferences"]) >= 3
    for row in body["inferences"]:
        assert list(row) == [field.name for field in dataclasses.fields(Inference)]
        assert (row["relation"], row["source"], row["origins"]) == ("xIntent", "graph", ["sample"])
    assert body["took_ms"] > 0
    assert re.fullmatch(r"answer;dur=[\d.]+, total;dur=[\d.]+", response.headers["server-timing"])


def test_the_event_is_normalised(client: TestClient) -> None:
    plain = client.get("/infer", params={"event": CAR}).json()
    odd = client.get("/infer", params={"event": "  person x  buys a car. "}).json()
    assert odd["event"] == CAR
    assert odd["inferences"] == plain["inferences"]


def test_relations_repeat_and_none_means_all(client: TestClient) -> None:
    two = client.get("/infer", params={"event": CAR, "relation": ["xNeed", "xWant", "xNeed"], "limit": 1}).json()
    assert [row["relation"] for row in two["inferences"]] != []
    assert {row["relation"] for row in two["inferences"]} == {"xNeed", "xWant"}
    assert len(two["inferences"]) == 2
    every = client.get("/infer", params={"event": CAR, "limit": 1}).json()
    assert len(every["inferences"]) + len(every["not_applicable"]) == 12


def test_what_does_not_apply_is_said_and_not_shown(client: TestClient, sample_store: str) -> None:
    lines = (ROOT / "graph" / "sample.jsonl").read_text().splitlines()
    event = next(row["head"] for row in map(json.loads, lines) if (row["relation"], row["tail"]) == ("oReact", "none"))
    body = client.get("/infer", params={"event": event, "relation": "oReact"}).json()
    assert (body["inferences"], body["not_applicable"]) == ([], ["oReact"])


def test_the_same_again_is_the_same_but_for_its_time(client: TestClient) -> None:
    url = f"/infer?event={quote(CAR)}&relation=xWant"
    first, second = client.get(url).json(), client.get(url).json()
    assert first | {"took_ms": 0} == second | {"took_ms": 0}
    assert "cometgraph_answers_from_cache_total 1.0" in client.get("/metrics").text


def test_an_answer_kept_ready_is_never_stale(tmp_path: Path) -> None:
    from graph.tables.merge import Counts
    from tests.support.triples import triple

    with app_with(str(tmp_path / "store")) as client:
        store = client.app.state.resources.store  # type: ignore[attr-defined]
        assert client.portal is not None
        client.portal.call(store.add, [triple("PersonX waits", "xWant", "to go")])
        url = "/infer?event=PersonX%20waits"
        for _ in range(2):
            assert [i["tail"] for i in client.get(url).json()["inferences"]] == ["to go"]
        assert client.portal.call(store.add, [triple("PersonX waits", "xWant", "to eat")]) == Counts(loaded=1)
        assert [i["tail"] for i in client.get(url).json()["inferences"]] == ["to eat", "to go"]


def test_an_unknown_event_is_a_404_with_known_ones_that_share_its_words(client: TestClient) -> None:
    body = problem(client.get("/infer", params={"event": "PersonX buys a purple car"}), 404, "EventNotFound")
    assert body["event"] == "PersonX buys a purple car"
    assert CAR in body["nearest"]
    assert problem(client.get("/infer", params={"event": "qwzx"}), 404)["nearest"] == []


def test_a_404_of_a_batch_is_that_of_a_single_question(client: TestClient) -> None:
    question = {"event": "PersonX buys a purple car"}
    single = problem(client.get("/infer", params=question), 404, "EventNotFound")
    assert CAR in single["nearest"]
    assert client.post("/infer/batch", json={"questions": [question]}).json()["answers"] == [single]
    lines = client.post("/infer/batch", json={"questions": [question]}, headers=LINES)
    assert json.loads(lines.text) == single


@pytest.mark.parametrize(
    ("query", "field", "value", "allowed"),
    [
        ({"event": CAR, "relation": "xWish"}, "relation", "xWish", "one of xIntent"),
        ({"event": CAR, "limit": "0"}, "limit", "0", "greater than or equal to 1"),
        ({"event": CAR, "limit": "many"}, "limit", "many", "a valid integer"),
        ({"event": CAR, "min_p_valid": "2"}, "min_p_valid", "2", "less than or equal to 1"),
        ({"event": CAR, "min_p_valid": "nan"}, "min_p_valid", "nan", ""),
        ({"event": CAR, "mode": "guess"}, "mode", "guess", "one of auto, graph"),
        ({"event": CAR, "colour": "red"}, "colour", "red", "a known name: event, as_is, clause, relation"),
        ({"event": [CAR, CAR]}, "event", CAR, "given once"),
        ({"event": CAR, "decoding": "beam", "top_p": "0.5"}, "top_p", 0.5, "left out with decoding=beam"),
        ({"event": CAR, "decoding": "fast", "n": "2"}, "n", 2, "1 with decoding=fast"),
        ({"event": "x" * 301}, "event", "x" * 200, "300"),
        ({"event": "..."}, "event", "...", ""),
        ({"event": ""}, "event", "", ""),
        ({}, "event", None, "required"),
    ],
)
def test_bad_input_names_field_value_and_what_is_allowed(
    client: TestClient, query: dict[str, Any], field: str, value: Any, allowed: str
) -> None:
    [error] = problem(client.get("/infer", params=query), 422, "BadInput")["errors"]
    assert (error["field"], error["value"]) == (field, value)
    assert allowed in error["allowed"]
    assert error["allowed"]


def test_all_that_is_wrong_is_said_at_once(client: TestClient) -> None:
    body = problem(client.get("/infer?event=a&limit=0&relation=b&mode=c"), 422)
    assert {e["field"] for e in body["errors"]} == {"limit", "relation", "mode"}


def test_filters_reach_the_store(client: TestClient) -> None:
    query = {"event": CAR, "relation": "xIntent"}
    assert client.get("/infer", params=query | {"min_p_valid": 0.1}).json()["inferences"] == []
    assert client.get("/infer", params=query | {"origin": "atomic10x"}).json()["inferences"] == []
    assert client.get("/infer", params=query | {"origin": "sample", "mode": "graph"}).json()["inferences"] != []


def test_batch_answers_in_order_each_for_itself(client: TestClient) -> None:
    questions: list[Any] = [
        {"event": CAR, "relation": "xIntent", "limit": 2},
        {"event": "qwzx"},
        {"event": CAR, "relation": ["xWish"]},
        "no question",
        {"event": "PersonX starts a new job", "relation": ["xNeed"], "limit": 1},
    ]
    response = client.post("/infer/batch", json={"questions": questions})
    assert response.status_code == 200
    answers = response.json()["answers"]
    assert [a.get("status", 200) for a in answers] == [200, 404, 422, 422, 200]
    assert [len(answers[n]["inferences"]) for n in (0, 4)] == [2, 1]
    assert answers[1]["nearest"] == []
    assert answers[2]["errors"][0]["field"] == "relation"
    single = client.get("/infer", params={"event": CAR, "relation": "xIntent", "limit": 2}).json()
    assert answers[0] | {"took_ms": 0} == single | {"took_ms": 0}


def test_a_batch_of_a_thousand_and_no_more(client: TestClient) -> None:
    questions = [{"event": CAR, "relation": "xIntent", "limit": 1}] * 1001
    answers = client.post("/infer/batch", json={"questions": questions[:1000]}).json()["answers"]
    assert len(answers) == 1000
    assert problem(client.post("/infer/batch", json={"questions": questions}), 422)["errors"][0]["field"] == "questions"
    problem(client.post("/infer/batch", json={"questions": []}), 422)


LINES = {"accept": "application/x-ndjson"}


def test_a_batch_as_lines_is_the_batch_as_json(client: TestClient) -> None:
    questions: list[Any] = [{"event": CAR, "relation": "xIntent", "limit": 2}, {"event": "qwzx"}, "no question"] * 200
    lines = client.post("/infer/batch", json={"questions": questions}, headers=LINES)
    assert lines.headers["content-type"] == "application/x-ndjson"
    assert lines.text.endswith("\n")
    answers = client.post("/infer/batch", json={"questions": questions}).json()["answers"]
    results = [json.loads(line) for line in lines.text.splitlines()]
    assert [one | {"took_ms": 0} for one in results] == [one | {"took_ms": 0} for one in answers]
    problem(client.post("/infer/batch", json={"questions": []}, headers=LINES), 422)
    scores = client.post("/score/batch", json={"triples": [{"event": CAR}, 7]}, headers=LINES)
    assert [json.loads(line)["status"] for line in scores.text.splitlines()] == [422, 422]


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/html", "application/json"),
        ("STREAM", "STREAM"),
        ("STREAM, */*", "STREAM"),
        ("STREAM;q=0, application/json", "application/json"),
        ("STREAM; q=0.2, application/json;q=0.9", "application/json"),
        ("STREAM;charset=utf-8;Q=0.9 , application/json;q=0.2", "STREAM"),
        ("application/json, STREAM", "application/json"),
        ("*/*;q=0.1, STREAM;q=0.1, text/html", "STREAM"),
        ("STREAM;q=high, */*", "application/json"),
        ("x-STREAM", "application/json"),
        ("STREAMER", "application/json"),
    ],
)
def test_the_client_says_by_accept_what_it_gets(client: TestClient, accept: str, wanted: str) -> None:
    body = {"questions": [{"event": CAR, "limit": 1}]}
    for stream, method, options in (
        ("text/event-stream", "GET", {"url": f"/infer?event={CAR}&limit=1"}),
        ("application/x-ndjson", "POST", {"url": "/infer/batch", "json": body}),
    ):
        for _ in range(2):  # the second time, the answer may be ready in memory
            response = client.request(method, headers={"accept": accept.replace("STREAM", stream)}, **options)
            assert response.status_code == 200
            assert response.headers["content-type"].split(";")[0] == wanted.replace("STREAM", stream)
            unbuffered = "no" if wanted == "STREAM" else None
            assert response.headers.get("x-accel-buffering") == unbuffered


@pytest.mark.parametrize(
    "body", ["", "{", "\udcff", "[]", "7", '{"questions": 7}', '{"question": []}', '{"questions": [], "x": 1}']
)
def test_a_batch_that_is_none(client: TestClient, body: str) -> None:
    problem(client.post("/infer/batch", content=body.encode("utf-8", "surrogateescape"), headers=JSON), 422)


@pytest.mark.parametrize("value", [10**25, -(10**25), "1" * 5000, 1e308, [[]] * 50, {"a": 1}, None, True])
def test_any_value_can_be_shown_in_a_problem(client: TestClient, value: Any) -> None:
    questions = [{"event": CAR, "limit": value}, {"event": value}, value, {"event": CAR, "relation": value}]
    response = client.post("/infer/batch", json={"questions": questions})
    assert response.status_code == 200
    assert all(answer["event"] == CAR if "event" in answer else answer["status"] == 422
               for answer in response.json()["answers"])  # fmt: skip


@pytest.mark.parametrize("depth", [100, 500, 900, 5000])
def test_deep_nesting_is_refused(client: TestClient, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    response = client.post("/infer/batch", content=f'{{"questions": [{{"event": {deep}}}]}}', headers=JSON)
    assert response.status_code in (200, 422), response.text
    body = response.json()
    assert (body["answers"][0] if response.status_code == 200 else body)["status"] == 422


def test_a_lone_surrogate_is_refused(client: TestClient) -> None:
    body = '{"questions": [{"event": "PersonX \\ud800 waits"}]}'
    response = client.post("/infer/batch", content=body, headers={"content-type": "application/json"})
    assert response.json()["answers"][0]["status"] == 422


def test_relations(client: TestClient) -> None:
    listed = client.get("/relations").json()
    assert [r["name"] for r in listed] == list(RELATIONS)
    assert {r["group"] for r in listed} == {"social", "event", "physical"}
    assert all(r["phrase"] and r["whose"] in ("X", "other", "thing") for r in listed)


def pages(client: TestClient, **query: Any) -> Iterator[list[str]]:
    while True:
        page = client.get("/events", params=query).json()
        yield page["events"]
        if page["cursor"] is None:
            return
        query["cursor"] = page["cursor"]


@pytest.mark.parametrize("query", [{"prefix": "PersonX b"}, {"q": "car"}, {}])
def test_pages_of_events_are_the_whole_without_gap_or_repetition(client: TestClient, query: dict[str, str]) -> None:
    whole = client.get("/events", params=query | {"limit": 1000}).json()["events"]
    events = [event for page in pages(client, **query, limit=2) for event in page]
    assert events == whole
    assert len(set(events)) == len(events) > 2


def test_a_prefix_is_normalised_like_an_event(client: TestClient) -> None:
    expected = client.get("/events", params={"prefix": "PersonX buys a"}).json()["events"]
    assert client.get("/events", params={"prefix": " person x buys  a"}).json()["events"] == expected
    assert CAR in expected


@pytest.mark.parametrize("cursor", ["x", "WyJwcmVmaXggIiwxXQ", "é", "eyJhIjoxfQ", "W10"])
def test_a_foreign_cursor_is_refused(client: TestClient, cursor: str) -> None:
    problem(client.get("/events", params={"prefix": "PersonX", "cursor": cursor}), 404, "PageNotFound")


def test_the_cursor_of_another_search_is_refused(client: TestClient) -> None:
    cursor = client.get("/events", params={"prefix": "PersonX b", "limit": 1}).json()["cursor"]
    problem(client.get("/events", params={"prefix": "PersonX c", "cursor": cursor}), 404, "PageNotFound")
    problem(client.get("/events", params={"q": "b", "cursor": cursor}), 404, "PageNotFound")


@pytest.mark.parametrize("place", [-1, 2**31, 2**63, 1.5, True, None, "x"])
def test_a_forged_cursor_is_refused(client: TestClient, place: Any) -> None:
    cursor = client.get("/events", params={"q": "car", "limit": 1}).json()["cursor"]
    search, _ = json.loads(base64.urlsafe_b64decode(cursor + "=="))
    forged = base64.urlsafe_b64encode(json.dumps([search, place]).encode()).decode()
    problem(client.get("/events", params={"q": "car", "cursor": forged}), 404, "PageNotFound")


def test_words_within_a_prefix(client: TestClient) -> None:
    every = client.get("/events", params={"q": "car"}).json()["events"]
    some = client.get("/events", params={"q": "car", "prefix": "PersonX b"}).json()["events"]
    assert some == [event for event in every if event.startswith("PersonX b")] != every


def test_an_event_with_all_its_inferences(client: TestClient) -> None:
    body = client.get(f"/events/{quote(CAR)}").json()
    assert body["event"] == CAR
    flat = client.get("/infer", params={"event": CAR, "limit": 1000}).json()
    grouped = [i for row in body["relations"].values() for i in row["inferences"]]
    assert sorted(map(str, grouped)) == sorted(map(str, flat["inferences"]))
    assert [r for r, row in body["relations"].items() if not row["applies"]] == flat["not_applicable"]
    problem(client.get("/events/PersonX%20and%2For%20qwzx"), 404, "EventNotFound")
    problem(client.get(f"/events/{quote(CAR)}?x=1"), 422)


def test_operations(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/ready").json() == {
        "store": "ok",
        "student": "off",
        "index": "off",
        "judge": "off",
        "critic": "off",
    }
    info = client.get("/info").json()
    assert info["triples"] == sum(info["triples_by_relation"].values()) >= 5000
    assert info["events"] >= 250
    assert info["keys_required"] is False
    client.get("/infer", params={"event": CAR})
    client.get("/infer", params={"event": "qwzx"})
    text = client.get("/metrics").text
    assert 'cometgraph_requests_total{route="/infer",status="200"} 1.0' in text
    assert 'cometgraph_requests_total{route="/infer",status="404"} 1.0' in text
    assert 'cometgraph_answers_total{source="graph"} 1.0' in text


def test_pages_for_people(client: TestClient) -> None:
    assert "swagger" in client.get("/docs").text
    assert "http" not in re.sub(r"https?://localhost", "", client.get("/docs").text)  # nothing from elsewhere
    page = client.get("/docs/errors").text
    assert 'id="EventNotFound"' in page
    assert client.get("/", follow_redirects=False).headers["location"] == "docs"


def test_unknown_paths_and_methods_are_problems(client: TestClient) -> None:
    problem(client.get("/nowhere"), 404)
    response = client.delete("/infer")
    problem(response, 405)
    assert "GET" in response.headers["allow"]


def test_every_error_has_a_status_and_a_place_in_the_documentation(client: TestClient) -> None:
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, CometgraphError)]
    assert len(kinds) > 10
    page = client.get("/docs/errors").text
    for kind in kinds:
        assert next(k for k in kind.__mro__ if k in STATUS)
        assert f'id="{kind.__name__}"' in page
    assert status_of(errors.StoreLocked) == 503


KEYS = f"reader:read:{SECRET}R,writer:write:{SECRET}W\nroot:admin:{SECRET}A"
OPEN = {"/health", "/ready", "/docs", "/docs/errors", "/openapi.json"}


def test_with_keys_nothing_but_health_and_documentation_answers_without_one(sample_store: str) -> None:
    with app_with(sample_store, api_keys=KEYS) as client:
        for path, methods in client.get("/openapi.json").json()["paths"].items():
            for method in methods:
                url = path.replace("{text}", "x")
                response = client.request(method, url)
                if path in OPEN:
                    assert response.status_code == 200
                else:
                    problem(response, 401, "KeyMissing")
                    assert response.headers["www-authenticate"].startswith("Bearer")
        for path in OPEN:
            assert client.get(path).status_code == 200
        for path in ("/nowhere", "/infer/", "/INFER"):
            problem(client.get(path), 401, "KeyMissing")


@pytest.mark.parametrize("letter", "RWA")
def test_a_key_opens_by_either_header(sample_store: str, letter: str) -> None:
    with app_with(sample_store, api_keys=KEYS) as client:
        for headers in ({"Authorization": f"Bearer {SECRET}{letter}"}, {"X-API-Key": f"{SECRET}{letter}"}):
            assert client.get("/infer", params={"event": CAR}, headers=headers).status_code == 200
        for headers in ({"Authorization": f"Basic {SECRET}{letter}"}, {"X-API-Key": SECRET}, {"X-API-Key": "é" * 20}):
            problem(client.get("/info", headers={k: v.encode() for k, v in headers.items()}), 401, "KeyMissing")


@pytest.mark.parametrize(
    "keys",
    [
        "x",
        "0123456789abcdef0123",
        "a:read:0123456789abcdef,0123456789abcdef",
        "a:read:short",
        "a:fly:0123456789abcdef",
        "a:read:0123456789abcdefé",
        "a:read:0123456789abcdef g",
        ":read:0123456789abcdef",
        "a:read:0123456789abcdef,b:admin:0123456789abcdef",
        "@/no/such",
    ],
)
def test_keys_that_are_none(sample_store: str, keys: str) -> None:
    with pytest.raises(errors.BadInput) as caught:
        app_with(sample_store, api_keys=keys).__enter__()
    assert "0123456789abcdef" not in str(caught.value)


def test_keys_from_a_file(sample_store: str, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"# who may ask\nreader:read:{SECRET}\n")
    with app_with(sample_store, api_keys=f"@{file}") as client:
        assert client.get("/info", headers={"X-API-Key": SECRET}).status_code == 200


def test_the_rate_of_each_key(sample_store: str) -> None:
    with app_with(sample_store, api_keys=KEYS, rate_limit="3/hour") as client:
        for letter in "RW":
            headers = {"X-API-Key": SECRET + letter}
            for _ in range(3):
                assert client.get("/relations", headers=headers).status_code == 200
            response = client.get("/relations", headers=headers)
            problem(response, 429, "TooManyRequests")
            assert 1 <= int(response.headers["retry-after"]) <= 3600
        assert client.get("/health").status_code == 200


def test_wrong_keys_count_against_the_rate(sample_store: str) -> None:
    with app_with(sample_store, api_keys=KEYS, rate_limit="3/hour") as client:
        for number in range(3):
            problem(client.get("/relations", headers={"X-API-Key": f"{SECRET}{number}"}), 401, "KeyMissing")
        for headers in ({"X-API-Key": f"{SECRET}9"}, {"Authorization": "Bearer x"}, {}):
            response = client.get("/relations", headers=headers)
            problem(response, 429, "TooManyRequests")
            assert 1 <= int(response.headers["retry-after"]) <= 3600
        # Right keys have windows of their own.
        assert client.get("/relations", headers={"X-API-Key": f"{SECRET}R"}).status_code == 200


def test_a_body_over_the_limit_is_refused_announced_or_not(sample_store: str) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(300):
            yield b" " * 1000

    with app_with(sample_store, max_body_bytes=100_000) as client:
        headers = {"content-type": "application/json"}
        body = problem(client.post("/infer/batch", content=b" " * 100_001, headers=headers), 413, "TooLarge")
        assert body["limit_bytes"] == 100_000
        problem(client.post("/infer/batch", content=chunks(), headers=headers), 413, "TooLarge")


def test_the_described_api_is_the_one_there_is(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    infer = document["paths"]["/infer"]["get"]
    names = [p["name"] for p in infer["parameters"]]
    assert names == list(Question.model_fields)
    assert "$ref" in infer["responses"]["200"]["content"]["application/json"]["schema"]
    text = json.dumps(document)
    assert document["components"]["schemas"]["FieldError"]["properties"].pop("value")  # any JSON value
    assert "{}" not in json.dumps(document)  # a client generator has a type for everything else
    for path, member, item in (("infer", "questions", "Question"), ("match", "questions", "MatchQuestion"),
                               ("score", "triples", "ScoreRequest")):  # fmt: skip
        body = document["paths"][f"/{path}/batch"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        batch = document["components"]["schemas"][body["$ref"].split("/")[-1]]
        assert batch["properties"][member]["items"] == {"$ref": f"#/components/schemas/{item}"}
    for name in set(re.findall(r"#/components/schemas/(\w+)", text)):
        assert name in document["components"]["schemas"]
