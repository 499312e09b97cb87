"""The log line of each request: its fields, and no word of a question without leave."""

import logging
from typing import Any

import pytest

from tests.support.requests import CAR, SECRET, app_with

EVENT = "PersonX hides a purple suitcase"
LINE = {"method", "route", "status", "ms", "caller"}


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="cometgraph.requests")
    return caplog


def fields(log: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The fields of all lines so far."""
    lines = [record.__dict__["said"] for record in log.records if record.name == "cometgraph.requests"]
    log.clear()
    return lines


def test_a_line_has_route_and_status_and_no_word_of_the_question(
    sample_store: str, log: pytest.LogCaptureFixture
) -> None:
    with app_with(sample_store) as client:
        client.get("/infer", params={"event": EVENT})
        client.get(f"/events/{EVENT}")
        client.post("/infer/batch", json={"questions": [{"event": EVENT}]})
        client.get("/suitcase")
    lines = fields(log)
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("GET", "/infer", 404),
        ("GET", "/events/{text:path}", 404),
        ("POST", "/infer/batch", 200),
        ("GET", "unmatched", 404),
    ]
    assert all(line.keys() == LINE and line["caller"] == "testclient" and line["ms"] >= 0 for line in lines)
    assert "suitcase" not in str(lines)


def test_with_leave_path_and_query_are_logged(sample_store: str, log: pytest.LogCaptureFixture) -> None:
    with app_with(sample_store, log_events=True) as client:
        client.get("/infer?event=PersonX%20naps&limit=many")
        client.get("/events/PersonX%20naps")
    first, second = fields(log)
    assert (first["path"], first["query"], first["status"]) == ("/infer", "event=PersonX%20naps&limit=many", 422)
    assert (second["path"], second["query"]) == ("/events/PersonX naps", "")


@pytest.mark.parametrize(("settings", "query"), [({}, "&keep=false"), ({}, "&Keep=perhaps"), ({"keep": False}, "")])
def test_without_a_trace_neither_is(
    sample_store: str, log: pytest.LogCaptureFixture, settings: dict[str, bool], query: str
) -> None:
    with app_with(sample_store, log_events=True, **settings) as client:
        client.get(f"/infer?event={EVENT}{query}")
        client.get(f"/events/{EVENT}?x=1{query}")
    assert [line.keys() for line in fields(log)] == [LINE, LINE]


def test_the_caller_is_the_name_of_the_key_and_nobody_without_one(
    sample_store: str, log: pytest.LogCaptureFixture
) -> None:
    with app_with(sample_store, api_keys=f"reader:read:{SECRET}", log_events=True) as client:
        for headers in (
            {"X-API-Key": SECRET},
            {"Authorization": f"bEARER  {SECRET} "},
            {"X-API-Key": f"{SECRET}!"},
            {},
        ):
            client.get("/infer", params={"event": CAR}, headers=headers)
        client.get("/health", headers={"X-API-Key": SECRET})
    lines = fields(log)
    assert [(line["caller"], line["status"]) for line in lines] == [
        ("reader", 200),
        ("reader", 200),
        (None, 401),
        (None, 401),
        (None, 200),
    ]
    assert SECRET not in str(lines)
