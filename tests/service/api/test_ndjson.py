"""Batches as lines: a line for each result whatever happens to the rest."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from schemas.errors import CometgraphError, EventNotFound, Unavailable
from service.api.ndjson import lines

pytestmark = pytest.mark.anyio
Results = AsyncGenerator[dict[str, int] | CometgraphError]


async def never() -> None:
    await asyncio.Event().wait()


async def read(results: Results, number: int) -> tuple[list[Any], list[dict[str, int]]]:
    """The lines, and the results that were counted."""
    answered: list[dict[str, int]] = []
    whole = b"".join([line async for line in await lines(results, number, never, answered.append)])
    assert whole.endswith(b"\n")
    return [json.loads(line) for line in whole.splitlines()], answered


async def test_a_problem_stands_in_the_place_of_its_result() -> None:
    async def results() -> Results:
        yield {"n": 1}
        yield EventNotFound("PersonX naps")
        yield {"n": 3}

    (first, second, third), answered = await read(results(), 3)
    assert (first, second["status"], third) == ({"n": 1}, 404, {"n": 3})
    assert answered == [{"n": 1}, {"n": 3}]


@pytest.mark.parametrize("number", [2, 5])
async def test_a_failure_after_the_first_line_takes_the_place_of_each_missing_one(number: int) -> None:
    async def results() -> Results:
        yield {"n": 1}
        raise Unavailable("the store rests")

    (first, *rest), answered = await read(results(), number)
    assert first == {"n": 1}
    assert [one["detail"] for one in rest] == ["the store rests"] * (number - 1)
    assert answered == [{"n": 1}]


async def test_a_failure_before_the_first_line_is_raised() -> None:
    async def results() -> Results:
        raise Unavailable("the store rests")
        yield {}

    with pytest.raises(Unavailable):
        await read(results(), 2)
