"""The micro-batcher: what arrives together is computed together, and whatever happens, everybody is answered."""

import asyncio
from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from schemas.errors import CometgraphError, Overloaded, Unavailable
from service.batching import Batcher
from service.gone import unless


class Work:
    """Doubles numbers; 13 fails alone, 0 takes the whole batch down, 99 waits until it may go on."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.may_go_on = asyncio.Event()

    async def __call__(self, items: Sequence[int]) -> list[int | CometgraphError]:
        self.batches.append(list(items))
        if 99 in items:
            await self.may_go_on.wait()
        if 0 in items:
            raise ZeroDivisionError("0 breaks all")
        return [Unavailable("13 is unlucky") if item == 13 else 2 * item for item in items]


@asynccontextmanager
async def batcher(work: Work, **said: Any):
    made = Batcher("test", work, **{"size": 8, "limit": 16, "patience": 0.01, "timeout": 5.0} | said)
    made.start()
    try:
        yield made
    finally:
        work.may_go_on.set()
        await made.close()


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
            with pytest.raises(Overloaded) as refused:
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
            with pytest.raises(Unavailable, match=r"within 0\.1 s"):
                await at.ask(99, 99)
            work.may_go_on.set()
            await asyncio.sleep(0.05)
            assert await at.ask(3, 3) == 6

    run(go())


def test_who_still_waits_at_the_end_is_told() -> None:
    async def go() -> None:
        work = Work()
        at = Batcher("test", work, size=1, limit=8, patience=0.0, timeout=60.0)
        at.start()
        waiting = [asyncio.create_task(at.ask(n, n)) for n in (99, 1)]
        await asyncio.sleep(0.05)
        await at.close()
        for result in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(result, Unavailable)
        assert not at.alive

    run(go())


def test_work_ends_when_the_asker_is_gone() -> None:
    async def go() -> None:
        gone, ended = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()

        async def leave() -> None:
            await gone.wait()

        working = asyncio.create_task(unless(leave, work()))
        await asyncio.sleep(0.01)
        gone.set()
        with pytest.raises(Unavailable):
            await working
        await asyncio.wait_for(ended.wait(), 1)

    run(go())
