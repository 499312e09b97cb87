"""An answer as server-sent events: their form, their order, and failures before and after the first."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import Unavailable
from schemas.infer import Answer
from schemas.relations import Relation
from service.answering.compose import PartialAnswer, compose
from service.answering.questions import checked
from service.api import sse
from service.runtime.normalizer import as_it_is
from tests.support.requests import CAR, add, app_with, problem
from tests.support.triples import triple

Parts = AsyncGenerator[PartialAnswer | Answer]
STREAM = {"accept": "text/event-stream"}
WANT = PartialAnswer("graph", [triple(CAR, "xWant", "to drive"), triple(CAR, "xWant", "to park")])
ANSWER = compose(as_it_is(CAR), checked({"event": CAR}), [WANT], 0.0)
LATE = PartialAnswer("generated", relations=(Relation.xNeed,), error=Unavailable("the student rests", 5))


def events_in(text: str) -> list[tuple[str, Any]]:
    """The events of a stream in its strict form: two lines and a blank one each."""
    assert text.endswith("\n\n")
    lines = [block.split("\n") for block in text[:-2].split("\n\n")]
    assert all(len(block) == 2 and block[0][:7] == "event: " and block[1][:6] == "data: " for block in lines)
    return [(name[7:], json.loads(data[6:])) for name, data in lines]


def test_each_inference_comes_as_in_the_answer_that_comes_last(tmp_path: Path) -> None:
    tails = ["to go\nhome", "to\r\nrest", 'to say "\\"', "to\u2028wait", "to wake"]
    with app_with(str(tmp_path / "store")) as client:
        add(client, *(triple(CAR, relation, tail) for tail in tails for relation in ("xWant", "xNeed")))
        add(client, triple(CAR, "oReact", "none"))
        response = client.get("/infer", params={"event": CAR, "limit": 4}, headers=STREAM)
        *events, (last, answer) = events_in(response.text)
        assert last == "answer"
        assert [data for name, data in events if name == "inference"] == answer["inferences"]
        assert [data for name, data in events if name == "not_applicable"] == [{"relation": "oReact"}]
        assert len(answer["inferences"]) == 8
        plain = client.get("/infer", params={"event": CAR, "limit": 4}).json()
        assert answer | {"took_ms": 0} == plain | {"took_ms": 0}


def test_a_question_without_an_answer_is_a_problem_with_its_status(tmp_path: Path) -> None:
    with app_with(str(tmp_path / "store")) as client:
        problem(client.get("/infer", params={"event": CAR}, headers=STREAM), 404, "EventNotFound")
        problem(client.get("/infer", params={"event": CAR, "mode": "generate"}, headers=STREAM), 404, "NoStudent")
        problem(client.get("/infer", params={"event": CAR, "limit": 0}, headers=STREAM), 422, "BadInput")


async def read(parts: Parts) -> tuple[list[tuple[str, Any]], list[Answer]]:
    """The events of parts with one inference a relation, and the answers that were counted."""
    answered: list[Answer] = []
    blocks = [block async for block in await sse.events(parts, 1, answered.append)]
    return events_in(b"".join(blocks).decode()), answered


@pytest.mark.anyio
async def test_a_failure_after_the_first_part_is_the_last_event() -> None:
    async def parts() -> Parts:
        yield WANT
        raise Unavailable("the store rests", 5)

    events, answered = await read(parts())
    assert [name for name, _ in events] == ["inference", "problem"]
    assert (events[-1][1]["status"], events[-1][1]["detail"]) == (503, "the store rests")
    assert answered == []


@pytest.mark.anyio
async def test_the_error_of_one_source_names_its_relations_and_the_others_go_on() -> None:
    async def parts() -> Parts:
        yield LATE
        yield WANT
        yield ANSWER

    events, answered = await read(parts())
    assert [name for name, _ in events] == ["problem", "inference", "answer"]
    assert events[0][1]["relations"] == ["xNeed"]
    assert answered == [ANSWER]


@pytest.mark.anyio
async def test_a_failure_before_anything_else_is_raised() -> None:
    async def parts() -> Parts:
        yield LATE
        raise Unavailable("the store rests", 5)

    with pytest.raises(Unavailable, match="the store rests"):
        await read(parts())


@pytest.mark.anyio
async def test_a_reader_who_leaves_ends_the_work() -> None:
    is_ended = False

    async def parts() -> Parts:
        nonlocal is_ended
        try:
            yield WANT
            yield ANSWER
        finally:
            is_ended = True

    stream = await sse.events(parts(), 10, lambda _: None)
    assert b"to drive" in await anext(stream)
    assert not is_ended
    await stream.aclose()  # type: ignore[attr-defined]
    assert is_ended
