"""The micro-batcher: what arrives together is computed together, and whatever happens, everybody is answered.

Who waits for one answer is refused by a full queue and has a time limit, a batch waits, a command without limit.
"""

import asyncio
from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from schemas.errors import CometgraphError, Overloaded, Unavailable
from service.runtime.batcher import Batcher
from service.runtime.wait_policy import WaitPolicy, waiting_as


class Work:
    """Doubles numbers; 13 fails alone, 0 takes the whole batch down, 99 waits until it may go on.

    seconds: what each batch takes.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self.batches: list[list[int]] = []
        self.may_go_on = asyncio.Event()
        self.seconds = seconds

    async def __call__(self, items: Sequence[int]) -> list[int | CometgraphError]:
        self.batches.append(list(items))
        if self.seconds:
            await asyncio.sleep(self.seconds)
        if 99 in items:
            await self.may_go_on.wait()
        if 0 in items:
            raise ZeroDivisionError("0 breaks all")
        return [Unavailable("13 is unlucky") if item == 13 else 2 * item for item in items]


@asynccontextmanager
async def batcher(work: Work, **options: Any):
    running = Batcher("test", work, **{"size": 8, "limit": 16, "patience": 0.01, "timeout": 5.0} | options)
    running.start()
    try:
        yield running
    finally:
        work.may_go_on.set()
        await running.close()


def run(test: Any) -> None:
    asyncio.run(test)


def test_what_arrives_together_is_one_batch() -> None:
    async def go() -> None:
        work = Work()
        async with batcher(work) as at:
            assert await asyncio.gather(*(at.ask(n, n) for n in range(1, 9))) == [2 * n for n in range(1, 9)]
        assert work.batches == [[1, 2, 3, 4, 5, 6, 7, 8]]

    run(go())


def test_a_batch_is_not_larger_than_its_size() -> None:
    async def go() -> None:
        work = Work()
        async with batcher(work) as at:
            assert await asyncio.gather(*(at.ask(n, n) for n in range(1, 13))) == [2 * n for n in range(1, 13)]
        assert [len(batch) for batch in work.batches] == [8, 4]

    run(go())


def test_the_same_asked_twice_at_once_is_computed_once() -> None:
    async def go() -> None:
        work = Work()
        async with batcher(work) as at:
            first = asyncio.create_task(at.ask(99, 99))
            await asyncio.sleep(0.05)  # it runs now, and is still shared
            others = [asyncio.create_task(at.ask(n, n)) for n in (99, 5, 5)]
            await asyncio.sleep(0)
            work.may_go_on.set()
            assert await asyncio.gather(first, *others) == [198, 198, 10, 10]
            assert at.watched.shared == 2
        assert sorted(n for batch in work.batches for n in batch) == [5, 99]

    run(go())


def test_one_bad_item_fails_alone() -> None:
    async def go() -> None:
        async with batcher(Work()) as at:
            results = await asyncio.gather(*(at.ask(n, n) for n in (1, 13, 2)), return_exceptions=True)
            assert [results[0], results[2]] == [2, 4]
            assert isinstance(results[1], Unavailable)

    run(go())


def test_an_item_that_breaks_its_batch_breaks_no_other_item_and_not_the_worker() -> None:
    async def go() -> None:
        async with batcher(Work()) as at:
            results = await asyncio.gather(*(at.ask(n, n) for n in (1, 0, 2)), return_exceptions=True)
            assert [results[0], results[2]] == [2, 4]
            assert isinstance(results[1], ZeroDivisionError)
            assert at.alive
            assert await at.ask(7, 7) == 14

    run(go())


def test_a_full_queue_is_said_at_the_door() -> None:
    async def go() -> None:
        work = Work()
        async with batcher(work, limit=3) as at:
            running = asyncio.create_task(at.ask(99, 99))
            await asyncio.sleep(0.05)
            waiting = [asyncio.create_task(at.ask(n, n)) for n in (1, 2, 3)]
            await asyncio.sleep(0)
            with pytest.raises(Overloaded, match="3 questions wait for the test already") as refused:
                await at.ask(4, 4)
            assert refused.value.retry_after
            assert refused.value.retry_after >= 1
            assert at.watched.refused == 1
            work.may_go_on.set()
            assert await asyncio.gather(running, *waiting) == [198, 2, 4, 6]
            assert await at.ask(4, 4) == 8

    run(go())


def test_who_hangs_up_is_dropped_before_the_batch() -> None:
    async def go() -> None:
        work = Work()
        async with batcher(work) as at:
            running = asyncio.create_task(at.ask(99, 99))
            await asyncio.sleep(0.05)
            leaving = asyncio.create_task(at.ask(1, 1))
            both = [asyncio.create_task(at.ask(2, 2)) for _ in range(2)]
            await asyncio.sleep(0)
            leaving.cancel()
            both[0].cancel()  # the other still waits for it
            await asyncio.sleep(0)
            work.may_go_on.set()
            assert await asyncio.gather(running, both[1]) == [198, 4]
            assert at.watched.dropped == 1
        assert work.batches == [[99], [2]]

    run(go())


def test_a_wait_has_an_end() -> None:
    async def go() -> None:
        work = Work()
        async with batcher(work, timeout=0.1) as at:
            with pytest.raises(Unavailable, match=r"the test had no time for this within 0\.1 s"):
                await at.ask(99, 99)
            work.may_go_on.set()
            await asyncio.sleep(0.05)
            assert await at.ask(3, 3) == 6

    run(go())


def waiters(at: Batcher[int, int], numbers: Sequence[int], policy: WaitPolicy) -> "list[asyncio.Task[int]]":
    """Tasks that wait for these numbers with a policy."""
    with waiting_as(policy):
        return [asyncio.create_task(at.ask(n, n)) for n in numbers]


def test_the_time_of_a_batch_runs_only_while_nothing_gets_done() -> None:
    async def go() -> None:
        async with batcher(Work(0.3), size=1, patience=0.0, timeout=1.0) as at:
            single = waiters(at, [20], WaitPolicy.BATCH) + waiters(at, [21, 22, 23, 24, 25, 26], WaitPolicy.SINGLE)
            batch = waiters(at, range(1, 7), WaitPolicy.BATCH)
            results = await asyncio.gather(*single, return_exceptions=True)
            assert isinstance(results[-1], Unavailable)  # more than a second of work was before it
            assert await asyncio.gather(*batch) == [2 * n for n in range(1, 7)]

    run(go())


def test_a_batch_gives_up_where_nothing_gets_done() -> None:
    async def go() -> None:
        async with batcher(Work(), timeout=0.1, limit=2) as at:
            for result in await asyncio.gather(*waiters(at, [99, 1, 2, 3], WaitPolicy.BATCH), return_exceptions=True):
                assert isinstance(result, Unavailable)
                assert "the test has got nothing done for 0.1 s" in str(result)

    run(go())


def test_a_command_waits_without_limit_of_time_or_queue() -> None:
    async def go() -> None:
        work = Work()
        async with batcher(work, timeout=0.05, limit=1, size=16) as at:
            waiting = waiters(at, [99, *range(1, 9)], WaitPolicy.ENDLESS)
            await asyncio.sleep(0.3)
            work.may_go_on.set()
            assert await asyncio.gather(*waiting) == [198, *(2 * n for n in range(1, 9))]
            with waiting_as(WaitPolicy.ENDLESS), waiting_as(WaitPolicy.BATCH):  # a batch of a command
                await at.ask(7, 7)
        assert at.watched.refused == 0

    run(go())


def test_a_batch_waits_for_room_and_leaves_half_of_the_queue_to_single_questions() -> None:
    async def go() -> None:
        work = Work()
        async with batcher(work, limit=4, size=4, patience=0.0) as at:
            running = asyncio.create_task(at.ask(99, 99))
            await asyncio.sleep(0.05)
            batch = waiters(at, range(1, 11), WaitPolicy.BATCH)
            await asyncio.sleep(0)
            singles = waiters(at, [21, 22, 23], WaitPolicy.SINGLE)
            await asyncio.sleep(0)
            with pytest.raises(Overloaded, match="4 questions wait"):
                await singles[2]
            assert at.depth == 1 + 10 + 2
            work.may_go_on.set()
            assert await asyncio.gather(running, *singles[:2]) == [198, 42, 44]
            assert await asyncio.gather(*batch) == [2 * n for n in range(1, 11)]
        assert work.batches[1] == [1, 2, 21, 22]
        assert [n for some in work.batches[1:] for n in some if n < 20] == list(range(1, 11))
        assert all(len([n for n in some if n < 20]) <= 2 for some in work.batches)

    run(go())


def test_a_single_question_does_not_wait_in_the_line_of_a_batch() -> None:
    async def go() -> None:
        work = Work()
        async with batcher(work, limit=2, size=2, patience=0.0) as at:
            running = asyncio.create_task(at.ask(99, 99))
            await asyncio.sleep(0.05)
            batch = waiters(at, [1, 2, 3, 4], WaitPolicy.BATCH)
            await asyncio.sleep(0)
            [single] = waiters(at, [4], WaitPolicy.SINGLE)
            await asyncio.sleep(0)
            work.may_go_on.set()
            assert await asyncio.gather(running, single, *batch) == [198, 8, 2, 4, 6, 8]
            assert at.watched.shared == 1
        assert work.batches == [[99], [1, 4], [2], [3]]

    run(go())


def test_a_batch_that_leaves_gives_its_places_to_another() -> None:
    async def go() -> None:
        work = Work()
        async with batcher(work, limit=4, size=4, patience=0.0) as at:
            running = asyncio.create_task(at.ask(99, 99))
            await asyncio.sleep(0.05)
            leaving = waiters(at, range(1, 9), WaitPolicy.BATCH)
            other = waiters(at, [11, 12], WaitPolicy.BATCH)
            await asyncio.sleep(0)
            for task in leaving:
                task.cancel()
            await asyncio.gather(*leaving, return_exceptions=True)
            assert at.depth == 3
            assert at.watched.dropped == 8
            work.may_go_on.set()
            assert await asyncio.gather(running, *other) == [198, 22, 24]
        assert work.batches == [[99], [11, 12]]

    run(go())


@pytest.mark.parametrize("policy", list(WaitPolicy))
def test_who_still_waits_at_the_end_is_told(policy: WaitPolicy) -> None:
    async def go() -> None:
        work = Work()
        at = Batcher("test", work, size=1, limit=8, patience=0.0, timeout=60.0)
        at.start()
        waiting = waiters(at, [99, *range(1, 7)], policy)
        await asyncio.sleep(0.05)
        await at.close()
        for result in await asyncio.gather(*waiting, *waiters(at, [7], policy), return_exceptions=True):
            assert isinstance(result, Unavailable)
            assert "stopping" in str(result)
        assert not at.alive

    run(go())
