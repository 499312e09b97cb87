"""Batches: none is bought twice, whatever is cut or killed, and a half-done one gives what it has."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from distill.teacher.batch_teacher import BatchTeacher
from distill.teacher.call_log import BatchOpen, BudgetSpent, CallLog
from distill.teacher.call_records import attempts, by_state
from distill.teacher.calls import Budget, CallRefused, Reply, TeacherRefused
from distill.teacher.openai_api import open_client
from distill.teacher.patience import Patience
from distill.teacher.teacher import TeacherSpec, open_teacher
from schemas.errors import Unavailable
from schemas.progress import silent
from tests.support.batch_server import BatchServer
from tests.support.completions_server import served
from tests.support.server import ROOT
from tests.support.teacher_faults import KEY, call, texts
from tests.support.teacher_faults import PRICES as PRICES_NOW

pytestmark = pytest.mark.anyio
PRICES = replace(PRICES_NOW, batch=Decimal("0.5"))


@asynccontextmanager
async def teacher_of(
    url: str, path: Path, budget: Budget | None = None, most: int = 1000, patience: float = 60
) -> AsyncGenerator[tuple[BatchTeacher, CallLog]]:
    log = CallLog.open(path, "run", budget)
    client = open_client(url, KEY, Patience())
    teacher = BatchTeacher(url, client, log, PRICES, patience, most=most, gather_seconds=0.1, poll_seconds=0.05)
    await teacher.adopt()
    try:
        yield teacher, log
    finally:
        await teacher.close()
        log.close()


async def replies(teacher: BatchTeacher, url: str, count: int) -> list[list[str] | type]:
    """The texts of each call, or the class of its error."""
    results = await asyncio.gather(*(teacher.reply(call(url, n)) for n in range(count)), return_exceptions=True)
    return [texts(result) or [] if isinstance(result, Reply) else type(result) for result in results]


def expected(count: int) -> list[list[str] | type]:
    return [[f" because of the event number {n}:"] * 2 for n in range(count)]


async def test_calls_that_wait_are_one_batch_at_the_price_of_batches(tmp_path: Path) -> None:
    server = BatchServer()
    with served(server.app()) as url:
        for _ in range(2):
            async with teacher_of(url, tmp_path / "calls.sqlite") as (teacher, log):
                assert await replies(teacher, url, 40) == expected(40)
                spent = await log.spent()
    assert len(server.created) == 1
    assert spent.tokens == server.tokens
    assert 0 <= spent.nanodollars - server.bill(PRICES) / 2 < 40  # each call is rounded up
    [first, *_] = attempts(tmp_path / "calls.sqlite")
    assert first["headers"]["batch"] == "batch_0"
    assert KEY.encode() not in (tmp_path / "calls.sqlite").read_bytes()


async def test_large_runs_are_several_batches(tmp_path: Path) -> None:
    server = BatchServer()
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite", most=15) as (teacher, _):
            assert await replies(teacher, url, 40) == expected(40)
    assert len(server.created) == len(set(server.created)) == 3


async def test_half_done_batches_give_what_they_have(tmp_path: Path) -> None:
    """Half of all lines are answered. The rest fails, expires, or is left out although it was paid."""
    path = tmp_path / "calls.sqlite"
    server = BatchServer(fate=lambda n: ("", "500", "", "expired", "", "missing")[n % 6])
    with served(server.app()) as url:
        async with teacher_of(url, path) as (teacher, log):
            assert await replies(teacher, url, 40) == expected(40)
            spent = await log.spent()
    rows = list(attempts(path))
    per_call = Counter(row["call"] for row in rows if row["state"] == "answered")
    assert len(per_call) == 40 == sum(per_call.values())
    unknown = [row for row in rows if row["state"] == "unknown"]
    assert len(server.answered) == 40 + len(unknown)  # those that were left out, and nothing else
    assert {row["reason"].partition(") ")[2] for row in unknown} == {"has no line for it"}
    assert by_state(path)["answered"].tokens + by_state(path)["unknown"].tokens == spent.tokens > server.tokens
    assert len(server.created) == len(set(server.created)) > 2


async def test_three_batches_without_any_reply_stop_the_run_which_goes_on_later(tmp_path: Path) -> None:
    server = BatchServer(fate=lambda _: "expired")
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite") as (teacher, log):
            assert set(await replies(teacher, url, 10)) == {Unavailable}
            assert (await log.spent()).nanodollars == 0
            server.fate = lambda _: ""
            assert await replies(teacher, url, 10) == expected(10)
    assert len(server.answered) == 10


async def test_refusals_end_a_call_or_the_run(tmp_path: Path) -> None:
    server = BatchServer(fate=lambda n: "too long" if n == 3 else "")
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite") as (teacher, _):
            results = await replies(teacher, url, 10)
            assert [n for n, result in enumerate(results) if result is CallRefused] == [3]
            server.flaw = "token_limit_exceeded"
            assert await replies(teacher, url, 12) == expected(12)
            server.flaw = "model_not_found"
            with pytest.raises(TeacherRefused, match="model_not_found: as told"):
                await teacher.reply(call(url, 100))


async def test_refused_calls_between_answered_ones_do_not_end_the_run(tmp_path: Path) -> None:
    server = BatchServer(fate=lambda n: "too long" if n % 2 else "")
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite") as (teacher, _):
            results = await replies(teacher, url, 30)
    assert Counter(result for result in results if isinstance(result, type)) == {CallRefused: 15}


async def test_a_look_for_open_batches_leaves_alone_the_one_that_is_being_noted(tmp_path: Path) -> None:
    server = BatchServer()
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite") as (teacher, _):
            sending = teacher._send([call(url, n) for n in range(10)])  # pyright: ignore[reportPrivateUsage]
            await asyncio.gather(sending, teacher.adopt())
            assert await replies(teacher, url, 10) == expected(10)
            await asyncio.sleep(0.5)
    assert len(server.created) == 1


async def test_cut_and_refused_requests_are_repeated_without_a_second_batch(tmp_path: Path) -> None:
    events = {"upload": "429", "after upload": "cut", "after create": "cut", "list": "429", "look": "429",
              "after look": "cut", "download": "429", "after download": "cut"}  # fmt: skip
    server = BatchServer(at=lambda point: events.pop(point, ""))
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite") as (teacher, _):
            assert await replies(teacher, url, 10) == expected(10)
    assert events == {}
    assert len(server.created) == 1
    assert len(server.answered) == 10


async def test_the_budget_holds(tmp_path: Path) -> None:
    server = BatchServer()
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite", Budget(nanodollars=3_000_000)) as (teacher, log):
            results = await replies(teacher, url, 60)
            spent = (await log.spent()).nanodollars
    count = results.index(BudgetSpent)
    assert results == expected(60)[:count] + [BudgetSpent] * (60 - count)
    assert server.bill(PRICES) / 2 <= spent <= 3_000_000
    assert spent > 2_800_000  # what a batch leaves of its ceiling pays the next one


async def test_a_batch_that_is_given_up_is_collected_by_the_same_teacher(tmp_path: Path) -> None:
    server = BatchServer(at=lambda point: "cut" if point in ("after look", "look") else "")
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite", patience=1) as (teacher, _):
            assert set(await replies(teacher, url, 10)) == {Unavailable}
            server.at = lambda _: ""
            assert await replies(teacher, url, 10) == expected(10)
    assert len(server.created) == 1


async def test_a_stopped_teacher_leaves_its_batch_to_the_next_run(tmp_path: Path) -> None:
    looks = asyncio.Event()

    def at(point: str) -> str:
        if point == "after look":
            looks.set()
        return "429" if point == "look" and looks.is_set() else ""

    server = BatchServer(at=at)
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite") as (teacher, _):
            waiting = asyncio.create_task(replies(teacher, url, 10))
            await looks.wait()
            teacher.stop()
            assert set(await waiting) == {Unavailable}
            assert set(await replies(teacher, url, 10)) == {Unavailable}
        server.at = lambda _: ""
        async with teacher_of(url, tmp_path / "calls.sqlite") as (teacher, _):
            assert await replies(teacher, url, 10) == expected(10)
    assert len(server.created) == 1


CLIENT = """
import asyncio, sys
from pathlib import Path
from tests.distill.teacher.test_batches import expected, replies, teacher_of

async def main(url, path):
    async with teacher_of(url, Path(path)) as (teacher, _):
        assert await replies(teacher, url, 20) == expected(20)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_kill_at_any_point_buys_no_batch_twice(tmp_path: Path) -> None:
    """Killed after the upload, after the creation but before its note, while it runs, and before the download."""
    path = tmp_path / "calls.sqlite"
    client: subprocess.Popen[bytes] | None = None
    deadly = ""

    def at(point: str) -> str:
        if point == deadly and client is not None:
            client.send_signal(signal.SIGKILL)
            client.wait()
        return ""

    server = BatchServer(at=at)
    with served(server.app()) as url:
        for deadly in ("after upload", "after create", "after look", "after download", ""):
            arguments = [sys.executable, "-c", CLIENT, url, str(path)]
            client = await asyncio.to_thread(subprocess.Popen, arguments, cwd=ROOT, env=os.environ)
            code = await asyncio.to_thread(client.wait)
            assert code == (-signal.SIGKILL if deadly else 0)
            if deadly == "after create":  # the log names the calls in flight
                assert {row["state"] for row in attempts(path)} == {"sent"}
                spec = TeacherSpec(url, "t", prices=PRICES)
                log = CallLog.open(path, "other")
                teacher = await open_teacher(spec, log, silent)
                with pytest.raises(BatchOpen, match="batch = true"):
                    await teacher.reply(call(url, 1))
                await teacher.close()
                log.close()
    assert len(server.created) == 1
    assert sorted(Counter(server.answered).values()) == [1] * 20
    assert by_state(path).keys() == {"answered"}
    assert by_state(path)["answered"].tokens == server.tokens
