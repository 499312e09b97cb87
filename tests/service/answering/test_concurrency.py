"""Many tasks at once: in order, bounded, and all ended when one fails or the reader leaves."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest

from schemas.errors import CometgraphError, Unavailable
from service.answering.concurrency import PART, Room, collected, done, each, in_order, in_parts
from service.runtime.wait_policy import WaitPolicy, current_policy

pytestmark = pytest.mark.anyio


class Works:
    """Tasks that return their number once they are let go. begun, cancelled: numbers of tasks."""

    def __init__(self, number: int) -> None:
        self.gates = [asyncio.Event() for _ in range(number)]
        self.begun: list[int] = []
        self.cancelled: list[int] = []

    async def work(self, n: int) -> int:
        self.begun.append(n)
        try:
            await self.gates[n].wait()
        except asyncio.CancelledError:
            self.cancelled.append(n)
            raise
        return n

    async def started(self) -> "AsyncGenerator[asyncio.Future[int]]":
        for n in range(len(self.gates)):
            yield asyncio.create_task(self.work(n))

    def let_go(self, numbers: Sequence[int]) -> None:
        for n in numbers:
            self.gates[n].set()


async def pause() -> None:
    """Let all tasks run until each waits."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_results_come_in_the_order_of_their_start() -> None:
    works = Works(4)
    results = asyncio.create_task(collected(in_order(works.started())))
    for n in (3, 1, 0, 2):
        await pause()
        assert not results.done()
        works.let_go([n])
    assert await results == [0, 1, 2, 3]


@pytest.mark.parametrize("ahead", [1, 3])
async def test_only_some_start_before_their_turn(ahead: int) -> None:
    works = Works(8)
    works.let_go(range(8))
    stream = in_order(works.started(), ahead)
    for n in range(8):
        assert await anext(stream) == n
        await pause()
        assert len(works.begun) == min(8, n + ahead + 1)
    await stream.aclose()


async def test_a_reader_who_leaves_cancels_what_is_under_way() -> None:
    works = Works(4)
    works.let_go([0])
    stream = in_order(works.started())
    assert await anext(stream) == 0
    await pause()
    await stream.aclose()
    assert (works.begun, sorted(works.cancelled)) == ([0, 1, 2, 3], [1, 2, 3])


async def test_a_failed_task_ends_the_others() -> None:
    works = Works(2)
    works.let_go([0])

    async def started() -> "AsyncGenerator[asyncio.Future[int]]":
        yield asyncio.create_task(works.work(0))
        broken: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        broken.set_exception(ZeroDivisionError())
        yield broken
        yield asyncio.create_task(works.work(1))

    stream = in_order(started())
    assert await anext(stream) == 0
    await pause()
    with pytest.raises(ZeroDivisionError):
        await anext(stream)
    assert works.cancelled == [1]


async def test_a_failure_between_two_starts_comes_after_the_results() -> None:
    async def started() -> "AsyncGenerator[asyncio.Future[int]]":
        yield done(1)
        raise Unavailable("the store rests")

    stream = in_order(started())
    assert await anext(stream) == 1
    with pytest.raises(Unavailable):
        await anext(stream)


async def test_each_value_has_its_result_or_its_error_and_some_are_under_way_at_once() -> None:
    running, most = 0, 0

    async def work(n: int) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await pause()
        running -= 1
        if n == 2:
            raise Unavailable("2 rests")
        return f"{n} {current_policy().name}"

    results = await collected(each(range(7), work, at_once=3))
    assert [str(one) for one in results] == [f"{n} BATCH" if n != 2 else "2 rests" for n in range(7)]
    assert [n for n, one in enumerate(results) if isinstance(one, CometgraphError)] == [2]
    assert (most, current_policy()) == (3, WaitPolicy.SINGLE)


async def test_an_unexpected_error_of_a_value_is_raised() -> None:
    async def work(n: int) -> float:
        return 1 / n

    with pytest.raises(ZeroDivisionError):
        await collected(each([1, 0, 2], work, at_once=2))


async def test_a_task_holds_its_places_until_it_is_done() -> None:
    works, room = Works(2), Room(3)
    first = room.start(works.work(0), 2)
    await room.free(1)
    second = room.start(works.work(1), 1)
    waiting = asyncio.create_task(room.free(9))  # more than there are: all of them
    for n in (1, 0):
        await pause()
        assert not waiting.done()
        works.let_go([n])
    await waiting
    assert (await first, await second) == (0, 1)


@pytest.mark.parametrize("number", [0, 1, PART - 1, PART, PART + 1, 3 * PART])
async def test_parts_are_the_whole_in_order(number: int) -> None:
    parts = await collected(in_parts(range(number)))
    assert [n for part in parts for n in part] == list(range(number))
    assert [len(part) for part in parts[:-1]] == [PART] * (len(parts) - 1)
