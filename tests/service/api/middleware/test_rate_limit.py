"""The rate limit: as many requests as it says, counted for each name."""

import pytest

from schemas.errors import BadInput, TooManyRequests
from service.api.middleware.rate_limit import Rate
from tests.support.requests import app_with, problem


def passed(rate: Rate, kind: str, name: str, requests: int) -> int:
    """The number of requests that pass."""
    waits: list[int] = []
    for _ in range(requests):
        try:
            rate.count(kind, name)
        except TooManyRequests as error:
            waits.append(error.retry_after)
    assert all(3500 <= wait <= 7200 for wait in waits)
    return requests - len(waits)


@pytest.mark.parametrize(
    ("text", "limit"), [("3/hour", 3), ("1 per hour", 1), ("4/2hours", 4), ("2/HOUR", 2), ("5 / hour", 5)]
)
def test_as_many_requests_pass_as_the_limit_says(text: str, limit: int) -> None:
    for requests in (limit - 1, limit, limit + 3):
        assert passed(Rate.parse(text), "caller", "a", requests) == min(requests, limit)


def test_each_name_of_each_kind_has_its_own_count() -> None:
    rate = Rate.parse("2/hour")
    for kind, name in (("caller", "a"), ("caller", "b"), ("wrong key", "a")):
        assert passed(rate, kind, name, 3) == 2
    assert passed(rate, "caller", "a", 3) == 0


def test_without_a_limit_all_requests_pass() -> None:
    assert passed(Rate.parse(""), "caller", "a", 1000) == 1000


@pytest.mark.parametrize(
    "text", ["often", "600", "/minute", "-1/minute", "1.5/minute", "600/fortnight", "0/minute", "600/minute;10/second"]
)
def test_a_text_without_exactly_one_rate_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="600/minute") as caught:
        Rate.parse(text)
    assert [(error.field, error.value) for error in caught.value.errors] == [("rate_limit", text)]


def test_without_keys_a_client_is_counted_by_its_address_and_open_pages_are_free(sample_store: str) -> None:
    with app_with(sample_store, rate_limit="2/hour") as client:
        for path in ("/health", "/ready", "/docs", "/docs/errors", "/openapi.json") * 2:
            assert client.get(path).status_code == 200
        assert [client.get("/relations", headers={"X-API-Key": key}).status_code for key in "ab"] == [200, 200]
        assert "2 per 1 hour" in problem(client.get("/relations"), 429, "TooManyRequests")["detail"]
        problem(client.get("/nowhere"), 429, "TooManyRequests")
        assert client.get("/health").status_code == 200
