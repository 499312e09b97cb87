"""Errors as responses: status, headers, members, and their lines in the log."""

import json
import logging

import pytest

from schemas.errors import (
    BadFile,
    BadInput,
    CometgraphError,
    EventNotFound,
    KeyMissing,
    NoMatching,
    Overloaded,
    ScopeMissing,
    StoreLocked,
    TooLarge,
    TooManyRequests,
    Unavailable,
)
from service.api.problems import logged_response, problem_response


@pytest.mark.parametrize(
    ("error", "status", "headers", "members"),
    [
        (BadInput.of("limit", 0, "at least 1"), 422, {}, {"errors"}),
        (BadFile("a.tsv", "no such file"), 422, {}, {"errors"}),
        (KeyMissing(), 401, {"www-authenticate": 'Bearer realm="cometgraph"'}, set[str]()),
        (ScopeMissing("write"), 403, {}, set[str]()),
        (EventNotFound("PersonX naps", ["PersonX sleeps"]), 404, {}, {"event", "nearest"}),
        (NoMatching(), 404, {}, set[str]()),
        (TooLarge(1024), 413, {}, {"limit_bytes"}),
        (TooManyRequests("1 per 1 minute", 60), 429, {"retry-after": "60"}, set[str]()),
        (Overloaded("9 questions wait", 3), 429, {"retry-after": "3"}, set[str]()),
        (Unavailable("it rests"), 503, {"retry-after": "2"}, set[str]()),
        (Unavailable("it is broken", None), 503, {}, set[str]()),
        (StoreLocked("in use"), 503, {"retry-after": "2"}, set[str]()),
        (CometgraphError("oh"), 500, {}, set[str]()),
    ],
)
def test_an_error_as_a_response(
    error: CometgraphError, status: int, headers: dict[str, str], members: set[str]
) -> None:
    response = problem_response(error)
    assert response.status_code == status
    fixed = {"content-length": str(len(bytes(response.body))), "content-type": "application/problem+json"}
    assert dict(response.headers) == fixed | headers
    body = json.loads(bytes(response.body))
    assert body.keys() == {"type", "title", "status", "detail"} | members
    assert (body["type"], body["status"]) == (f"/docs/errors#{type(error).__name__}", status)
    assert (body["title"], body["detail"]) == (error.title, str(error))


@pytest.mark.parametrize(
    ("error", "path", "query", "logged"),
    [
        (Unavailable("the student rests"), "/infer", b"event=a", ["Unavailable: the student rests"]),
        (Unavailable("PersonX hides"), "/infer", b"event=a&keep=false", ["Unavailable: (keep=false)"]),
        (Unavailable("the student rests"), "/ready", b"", []),
        (EventNotFound("PersonX naps"), "/infer", b"event=a", []),
        (Overloaded("9 questions wait", 3), "/infer", b"event=a", []),
    ],
)
def test_an_error_of_the_service_itself_is_logged_without_private_words(
    error: CometgraphError, path: str, query: bytes, logged: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="cometgraph.problems"):
        logged_response(error, {"type": "http", "path": path, "query_string": query})
    assert caplog.messages == logged
