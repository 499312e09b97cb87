"""The call log: each reply is paid once, whatever is killed, shared or cancelled, and the budget holds."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.teacher.call_log import BudgetSpent, CallLog
from distill.teacher.call_records import attempts, by_state
from distill.teacher.calls import Attempt, Budget, Call, Cost, Reply, Usage
from schemas.errors import StoreUnavailable
from tests.support.server import ROOT

pytestmark = pytest.mark.anyio

CEILING = Cost(1, 100, 1_000)
COST = Cost(1, 30, 250)
REPLY = Reply(200, {"x-request-id": "r1"}, b'{"choices": []}', Usage(20, 8, 10))


def call(number: int, again: int = 0) -> Call:
    return Call("events", "http://127.0.0.1/v1", {"path": "/completions", "body": {"prompt": f"{number}."}}, again)


async def claimed(log: CallLog, number: int) -> Attempt:
    attempt = await log.claim(call(number), CEILING)
    assert isinstance(attempt, Attempt)
    return attempt


def states(path: Path) -> list[str]:
    return [attempt["state"] for attempt in attempts(path)]


async def test_a_stored_reply_is_never_asked_for_again(tmp_path: Path) -> None:
    log = CallLog.open(tmp_path / "calls.sqlite", "a")
    attempt = await claimed(log, 1)
    await asyncio.wrap_future(log.answered(attempt, REPLY, COST))
    assert await log.claim(call(1), CEILING) == REPLY
    log.close()
    other = CallLog.open(tmp_path / "calls.sqlite", "b")
    assert await other.claim(call(1), CEILING) == REPLY
    assert await other.spent() == Cost()
    assert isinstance(await other.claim(call(1, again=1), CEILING), Attempt)
    other.close()
    [first, second] = attempts(tmp_path / "calls.sqlite")
    assert (first["state"], first["run"], first["cached_tokens"], first["headers"]) == (
        "answered",
        "a",
        8,
        REPLY.headers,
    )
    assert (second["state"], second["again"], second["reason"]) == ("unknown", 1, "the run ended")
    assert first["request"] == call(1).request


async def test_a_refused_attempt_costs_nothing_and_an_unknown_one_its_ceiling(tmp_path: Path) -> None:
    log = CallLog.open(tmp_path / "calls.sqlite", "a")
    for number in (1, 2, 3):
        attempt = await claimed(log, 1)
        assert attempt.number == number
        if number == 1:
            log.refused(attempt, "status 429", 429)
            assert await log.spent() == Cost()
        elif number == 2:
            log.unknown(attempt, "cut off")
            assert await log.spent() == CEILING
        else:
            log.answered(attempt, REPLY, COST)
            assert await log.spent() == Cost(2, 130, 1_250)
    log.close()
    path = tmp_path / "calls.sqlite"
    assert by_state(path) == {"refused": Cost(1), "unknown": CEILING, "answered": COST}
    assert len({attempt["call"] for attempt in attempts(path)}) == 1


async def test_a_late_end_does_not_undo_a_reply(tmp_path: Path) -> None:
    log = CallLog.open(tmp_path / "calls.sqlite", "a")
    attempt = await claimed(log, 1)
    log.answered(attempt, REPLY, COST)
    await asyncio.wrap_future(log.unknown(attempt, "time-out"))
    assert await log.claim(call(1), CEILING) == REPLY
    assert await log.spent() == COST
    log.close()


@given(
    st.lists(st.tuples(st.sampled_from(["answered", "refused", "unknown", "sent"]), st.integers(0, 100)), max_size=30)
)
def test_the_budget_is_never_exceeded(tmp_path_factory: pytest.TempPathFactory, ends: list[tuple[str, int]]) -> None:
    path = tmp_path_factory.mktemp("log") / "calls.sqlite"

    async def run() -> None:
        log = CallLog.open(path, "a", Budget(nanodollars=500))
        spent = 0
        for number, (end, cost) in enumerate(ends):
            try:
                attempt = await asyncio.wait_for(log.claim(call(number), Cost(1, 1, 100)), 1)
            except (BudgetSpent, TimeoutError):  # the second waits for one under way
                assert spent + 100 > 500
                continue
            assert spent + 100 <= 500
            assert isinstance(attempt, Attempt)
            if end == "answered":
                log.answered(attempt, REPLY, Cost(1, 1, cost))
                spent += cost
            elif end == "refused":
                log.refused(attempt, "no")
            else:
                spent += 100
            if end == "unknown":
                log.unknown(attempt, "cut off")
            assert (await log.spent()).nanodollars == spent
        log.close()
        assert sum(cost.nanodollars for cost in by_state(path).values()) == spent

    asyncio.run(run())


async def test_each_limit_of_a_budget_is_named(tmp_path: Path) -> None:
    for limit, words in ((Budget(calls=1), "1 calls"), (Budget(tokens=150), "150 tokens"),
                         (Budget(nanodollars=1_500), "0.00 US dollars")):  # fmt: skip
        log = CallLog.open(tmp_path / f"{words}.sqlite", "a", limit)
        log.unknown(await claimed(log, 1), "cut off")
        with pytest.raises(BudgetSpent, match=words) as caught:
            await log.claim(call(2), CEILING)
        assert caught.value.retry_after is None
        log.close()
        resumed = CallLog.open(tmp_path / f"{words}.sqlite", "a", limit)  # the same run, which has spent it
        with pytest.raises(BudgetSpent):
            await resumed.claim(call(2), CEILING)
        resumed.close()


async def test_a_cancelled_claim_costs_nothing(tmp_path: Path) -> None:
    log = CallLog.open(tmp_path / "calls.sqlite", "a")
    for number in range(50):
        waiting = asyncio.create_task(log.claim(call(number), CEILING))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert (await log.spent()).nanodollars <= 50 * CEILING.nanodollars
    await asyncio.sleep(0.2)
    assert await log.spent() == Cost()
    log.close()
    assert set(states(tmp_path / "calls.sqlite")) <= {"refused"}


async def test_an_error_of_one_claim_leaves_those_beside_it(tmp_path: Path) -> None:
    log = CallLog.open(tmp_path / "calls.sqlite", "a", Budget(tokens=250))
    large = Cost(1, 251, 0)
    waiting = [asyncio.create_task(log.claim(call(n), large if n == 2 else CEILING)) for n in range(4)]
    await asyncio.wait(waiting[:2])
    for task in waiting[:2]:
        log.unknown(cast(Attempt, task.result()), "cut off")
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [Attempt, Attempt, BudgetSpent, BudgetSpent]
    log.close()


async def test_a_claim_waits_for_the_ceilings_of_attempts_under_way(tmp_path: Path) -> None:
    """A budget of one ceiling pays all calls that cost less, one after another."""
    log = CallLog.open(tmp_path / "calls.sqlite", "a", Budget(tokens=CEILING.tokens))

    async def ask(number: int) -> None:
        attempt = await log.claim(call(number), CEILING)
        assert isinstance(attempt, Attempt)
        log.answered(attempt, REPLY, Cost(1, 0, 0))

    await asyncio.gather(*map(ask, range(5)))
    assert (await log.spent()).calls == 5
    log.close()


WORKER = """
import asyncio, os, sys
from pathlib import Path
from distill.teacher.call_log import CallLog
from distill.teacher.calls import Attempt
from tests.distill.teacher.test_call_log import CEILING, COST, REPLY, call

async def one(log, number, sent):
    claimed = await log.claim(call(number), CEILING)
    if isinstance(claimed, Attempt):
        os.write(sent, f"{number}\\n".encode())
        await asyncio.sleep(0.02)
        await asyncio.wrap_future(log.answered(claimed, REPLY, COST))
        os.write(1, f"{number}\\n".encode())

async def main(path, sent, calls):
    log = CallLog.open(Path(path), "worker")
    place = os.open(sent, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    room = asyncio.Semaphore(8)
    async def within(number):
        async with room:
            await one(log, number, place)
    await asyncio.gather(*(within(n) for n in range(int(calls))))
    log.close()

asyncio.run(main(*sys.argv[1:]))
"""


def start(path: Path, sent: Path, calls: int) -> "subprocess.Popen[str]":
    """A process that makes these calls. It writes the number of each stored reply."""
    arguments = [sys.executable, "-c", WORKER, str(path), str(sent), str(calls)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ)


def test_processes_that_share_a_log_send_each_call_once(tmp_path: Path) -> None:
    path, sent = tmp_path / "calls.sqlite", tmp_path / "sent"
    workers = [start(path, sent, 200) for _ in range(3)]
    for worker in workers:
        worker.communicate()
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    assert sorted(map(int, sent.read_text().split())) == list(range(200))
    assert states(path) == ["answered"] * 200
    assert {file.name for file in tmp_path.iterdir()} == {"calls.sqlite", "sent"}


def test_a_kill_costs_at_most_the_calls_under_way(tmp_path: Path) -> None:
    path, sent = tmp_path / "calls.sqlite", tmp_path / "sent"
    stored: list[int] = []
    for kill_after in (10, 60, 110):
        worker = start(path, sent, 150)
        assert worker.stdout is not None
        for _ in range(kill_after - len(stored)):
            stored.append(int(worker.stdout.readline()))
        worker.send_signal(signal.SIGKILL)
        rest, _ = worker.communicate()
        stored += map(int, rest.split())
    with start(path, sent, 150) as last:
        last.communicate()
    assert last.returncode == 0
    found = list(attempts(path))
    assert Counter(attempt["state"] for attempt in found)["answered"] == 150
    times = Counter(map(int, sent.read_text().split()))
    unknown = [attempt for attempt in found if attempt["state"] == "unknown"]
    assert all(attempt["reason"] == "its process is gone" for attempt in unknown)
    lost = Counter(int(attempt["request"]["body"]["prompt"].rstrip(".")) for attempt in unknown)
    assert lost.total() <= 3 * 8
    assert all(times[number] <= 1 + lost[number] for number in range(150))  # a stored reply is never paid for again
    assert len(stored) == len(set(stored))


async def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite"
    path.write_text("a diary\n" * 1000)
    with pytest.raises(StoreUnavailable, match="call log"):
        CallLog.open(path, "a")
    with pytest.raises(StoreUnavailable, match="call log"):
        list(attempts(path))
    assert by_state(tmp_path / "none.sqlite") == {}
    database = sqlite3.connect(tmp_path / "newer.sqlite")
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StoreUnavailable, match="call log 99, here 2"):
        CallLog.open(tmp_path / "newer.sqlite", "a")


async def test_a_full_disk_is_an_error_in_one_line(tmp_path: Path) -> None:
    log = CallLog.open(tmp_path / "calls.sqlite", "a")
    attempt = await claimed(log, 1)
    await asyncio.wrap_future(log.do(lambda db: db.execute("PRAGMA max_page_count = 1").fetchall()))
    large = Reply(200, {}, b"x" * 1_000_000, Usage())
    with pytest.raises(StoreUnavailable, match=r"call log cannot be written \(database or disk is full\)"):
        await asyncio.wrap_future(log.answered(attempt, large, COST))
    log.close()


async def test_a_damaged_log_is_named(tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite"
    log = CallLog.open(path, "a")
    for number in range(200):
        await claimed(log, number)
    log.close()
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 4] + b"\xff" * (len(content) // 2) + content[len(content) * 3 // 4 :])
    with pytest.raises(StoreUnavailable, match=r"calls\.sqlite cannot be read"):
        list(attempts(path))
