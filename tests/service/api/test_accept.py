"""The Accept header: the examples of RFC 9110, and a choice that depends on the qualities alone."""

import json
import random
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from service.api.accept import EVENT_STREAM, JSON, NDJSON, preferred
from tests.support.requests import CAR

QUALITIES = st.integers(0, 1000).map(lambda n: n / 1000)
RANGES = st.lists(
    st.tuples(st.sampled_from([JSON, EVENT_STREAM, "text/*", "application/*", "*/*", "image/png"]), QUALITIES),
    max_size=5,
)


def header(ranges: Sequence[tuple[str, float]]) -> str:
    return ",".join(f"{name};q={quality}" for name, quality in ranges)


@pytest.mark.parametrize(
    ("accept", "offered", "chosen"),
    [
        ("audio/*; q=0.2, audio/basic", ("audio/mpeg", "audio/basic"), "audio/basic"),
        ("audio/*; q=0.2, audio/basic", ("video/mp4", "audio/mpeg"), "audio/mpeg"),
        ("text/plain; q=0.5, text/html, text/x-dvi; q=0.8, text/x-c", ("text/plain", "text/x-dvi"), "text/x-dvi"),
        ("text/plain; q=0.5, text/html, text/x-dvi; q=0.8, text/x-c", ("text/x-dvi", "text/html"), "text/html"),
        ("text/plain; q=0.5, text/html, text/x-dvi; q=0.8, text/x-c", ("text/x-c", "text/html"), "text/x-c"),
        ("text/*;q=0.3, text/plain;q=0.7, */*;q=0.5", ("text/html", "image/jpeg"), "image/jpeg"),
        ("text/*;q=0.3, text/plain;q=0.7, */*;q=0.5", ("image/jpeg", "text/plain"), "text/plain"),
        ("text/html;level=1;q=0.4, text/plain;q=0.5", ("text/html", "text/plain"), "text/plain"),
    ],
)
def test_the_examples_of_the_rfc(accept: str, offered: Sequence[str], chosen: str) -> None:
    assert preferred(accept, offered) == chosen


@given(RANGES, st.randoms(use_true_random=False))
def test_neither_order_nor_blanks_nor_case_matter(ranges: list[tuple[str, float]], rng: random.Random) -> None:
    spelt = header(rng.sample(ranges, len(ranges))).upper().replace(",", " ,\t").replace(";", " ; ")
    for offered in ((JSON, EVENT_STREAM), (EVENT_STREAM, JSON)):
        assert preferred(spelt, offered) == preferred(header(ranges), offered)


@given(QUALITIES.filter(bool), QUALITIES, QUALITIES)
@example(0.1, 0.0, 1.0)
def test_an_exact_name_counts_more_than_any_wildcard(plain: float, stream: float, wildcard: float) -> None:
    accept = header([("*/*", wildcard), ("text/*", wildcard), (EVENT_STREAM, stream), (JSON, plain)])
    assert preferred(accept, (JSON, EVENT_STREAM)) == (EVENT_STREAM if stream > plain else JSON)


@given(st.text() | st.text(";,=q/* 01.e-+n"))
def test_any_header_gets_one_of_the_offered_types(accept: str) -> None:
    assert preferred(accept, (JSON, NDJSON)) in (JSON, NDJSON)


@pytest.mark.parametrize("quality", ["2", "-1", "nan", "inf", "", "0x1"])
def test_an_invalid_quality_is_no_wish(quality: str) -> None:
    assert preferred(f"{EVENT_STREAM};q={quality}", (JSON, EVENT_STREAM)) == JSON


@pytest.mark.parametrize(
    ("lines", "is_stream"),
    [
        (["text/html", "STREAM"], True),
        (["STREAM;q=0.5", "application/json"], False),
        (["application/json;q=0.5", "STREAM"], True),
    ],
)
def test_several_header_lines_are_one_list(client: TestClient, lines: Sequence[str], is_stream: bool) -> None:
    def headers(stream: str) -> list[tuple[str, str]]:
        return [("accept", line.replace("STREAM", stream)) for line in lines]

    answer = client.get("/infer", params={"event": CAR, "limit": 1}, headers=headers(EVENT_STREAM))
    assert answer.headers["content-type"].startswith(EVENT_STREAM if is_stream else JSON)
    batch = json.dumps({"questions": [{"event": CAR, "limit": 1}]})
    sent = [*headers(NDJSON), ("content-type", JSON)]
    answers = client.post("/infer/batch", content=batch, headers=sent)
    assert answers.headers["content-type"] == (NDJSON if is_stream else JSON)
