"""A teacher behind a server that fails: nothing is lost, nothing paid twice, and the bill is the server's own."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from distill.teacher.attempt_errors import Again, pause_of
from distill.teacher.call_log import BudgetSpent, CallLog
from distill.teacher.call_records import attempts, totals
from distill.teacher.calls import Budget, Call, CallRefused, Reply, TeacherRefused
from distill.teacher.openai_api import OpenAiTeacher
from distill.teacher.pace import Pace
from distill.teacher.patience import Patience
from schemas.errors import Unavailable
from tests.support.completions_server import served
from tests.support.teacher_faults import KEY, PRICES
from tests.support.teacher_server import TeacherServer

pytestmark = pytest.mark.anyio

PATIENCE = Patience(connect=30, silence=30, call=60, run=120)


@asynccontextmanager
async def teacher_of(
    url: str, path: Path, budget: Budget | None = None, patience: Patience = PATIENCE, most: int = 16
) -> AsyncGenerator[tuple[OpenAiTeacher, CallLog]]:
    log = CallLog.open(path, "run", budget)
    teacher = OpenAiTeacher(url, KEY, log, Pace(most), PRICES, patience)
    try:
        yield teacher, log
    finally:
        await teacher.close()
        log.close()


def call(url: str, number: int) -> Call:
    body = {"model": "t", "prompt": f"event {number}:", "max_tokens": 12, "n": 1}
    return Call("events", url, {"path": "/completions", "body": body})


def text(reply: Reply) -> str:
    return orjson.loads(reply.body)["choices"][0]["text"]


async def test_a_second_run_asks_nothing(tmp_path: Path) -> None:
    server = TeacherServer()
    with served(server.app()) as url:
        for _ in range(2):
            async with teacher_of(url, tmp_path / "calls.sqlite") as (teacher, _):
                replies = await asyncio.gather(*(teacher.reply(call(url, n)) for n in range(20)))
    assert len(server.answered) == 20
    assert [text(reply) for reply in replies] == [f" because of event {n}:" for n in range(20)]


@pytest.mark.parametrize("fault", ["bad key", "no model", "no money"])
async def test_a_final_refusal_stops_all_calls_at_once(tmp_path: Path, fault: str) -> None:
    server = TeacherServer(lambda: fault)
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite") as (teacher, log):
            results = await asyncio.gather(*(teacher.reply(call(url, n)) for n in range(50)), return_exceptions=True)
            assert {type(result) for result in results} == {TeacherRefused}
            assert (await log.spent()).nanodollars == 0
    assert len(list(attempts(tmp_path / "calls.sqlite"))) <= 4  # those under way at that moment


async def test_a_server_that_only_refuses_stops_the_run_cleanly(tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite"
    server = TeacherServer(lambda: "429")
    with served(server.app()) as url:
        async with teacher_of(url, path, patience=Patience(run=3)) as (teacher, log):
            with pytest.raises(Unavailable, match="run it again to go on") as caught:
                await teacher.reply(call(url, 1))
            assert caught.value.retry_after is None
            assert (await log.spent()).nanodollars == 0
        server.fault = lambda: ""
        async with teacher_of(url, path) as (teacher, _):
            assert text(await teacher.reply(call(url, 1))) == " because of event 1:"


async def test_silence_is_cut_off_and_counts_as_spent(tmp_path: Path) -> None:
    faults = iter(["silence"])
    server = TeacherServer(lambda: next(faults, ""))
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite", patience=Patience(silence=3)) as (teacher, log):
            await teacher.reply(call(url, 1))
            spent = await log.spent()
    [silent, answered] = attempts(tmp_path / "calls.sqlite")
    assert (silent["state"], answered["state"]) == ("unknown", "answered")
    assert silent["tokens"] > answered["tokens"] == 9
    assert spent.tokens == silent["tokens"] + 9


async def test_no_call_starts_that_could_exceed_the_budget(tmp_path: Path) -> None:
    server = TeacherServer()
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite", Budget(nanodollars=2_000_000)) as (teacher, log):
            results = await asyncio.gather(*(teacher.reply(call(url, n)) for n in range(100)), return_exceptions=True)
            spent = await log.spent()
    assert Counter(type(result) for result in results).keys() == {Reply, BudgetSpent}
    assert spent.nanodollars <= 2_000_000
    assert spent.nanodollars == server.bill(PRICES)
    assert spent.nanodollars > 1_000_000  # it goes near to its end


async def test_a_useless_reply_is_kept_and_paid_once(tmp_path: Path) -> None:
    server = TeacherServer(lambda: "wrong number of choices")
    with served(server.app()) as url:
        for _ in range(2):
            async with teacher_of(url, tmp_path / "calls.sqlite") as (teacher, _):
                reply = await teacher.reply(call(url, 1))
                assert orjson.loads(reply.body)["choices"] == []
    assert len(server.answered) == 1


async def test_a_call_that_is_refused_alone_leaves_the_others(tmp_path: Path) -> None:
    faults = iter(["too long"] * 3)
    server = TeacherServer(lambda: next(faults, ""))
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite") as (teacher, log):
            results = await asyncio.gather(*(teacher.reply(call(url, n)) for n in range(20)), return_exceptions=True)
            assert Counter(map(type, results)) == {CallRefused: 3, Reply: 17}
            server.fault = lambda: "too long"
            results = await asyncio.gather(
                *(teacher.reply(call(url, n + 20)) for n in range(60)), return_exceptions=True
            )
            assert Counter(map(type, results)).keys() == {CallRefused, TeacherRefused}
            assert (await log.spent()).calls == 17
    assert len(list(attempts(tmp_path / "calls.sqlite"))) <= 20 + 10 + 16


async def test_a_pause_longer_than_its_patience_stops_the_run_at_once(tmp_path: Path) -> None:
    server = TeacherServer(lambda: "429 for an hour")
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite") as (teacher, _):
            with pytest.raises(Unavailable, match="asks for a pause of 3600 s"):
                await teacher.reply(call(url, 1))


async def test_a_stop_waits_for_no_pause(tmp_path: Path) -> None:
    server = TeacherServer(lambda: "429 for an hour")
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite", patience=Patience(run=7200)) as (teacher, log):
            waiting = [asyncio.create_task(teacher.reply(call(url, n))) for n in range(3)]
            while (await log.spent()).calls or not server.keys_seen:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            teacher.stop()
            await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 20)
    assert {attempt["state"] for attempt in attempts(tmp_path / "calls.sqlite")} == {"refused"}


async def test_a_gateway_that_lost_a_reply_may_have_been_paid_for_it(tmp_path: Path) -> None:
    faults = iter(["524"])
    server = TeacherServer(lambda: next(faults, ""))
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite") as (teacher, _):
            await teacher.reply(call(url, 1))
    assert [attempt["state"] for attempt in attempts(tmp_path / "calls.sqlite")] == ["unknown", "answered"]


def test_a_pause_of_no_time_grows_like_one_without_a_wish() -> None:
    assert [pause_of(Again("429", pause)) for pause in (None, 0.0, 2.5)] == [True, True, 2.5]
    assert pause_of(ValueError()) is False


async def test_a_reply_that_came_is_stored_although_its_caller_is_cancelled(tmp_path: Path) -> None:
    server = TeacherServer()
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite") as (teacher, log):
            asked = threading.Event()

            def busy() -> str:
                log.do(lambda _: time.sleep(0.6))
                asked.set()
                return ""

            server.fault = busy
            asking = asyncio.create_task(teacher.reply(call(url, 1)))
            await asyncio.to_thread(asked.wait)
            await asyncio.sleep(0.3)
            asking.cancel()
            await asyncio.wait([asking])
    assert [attempt["state"] for attempt in attempts(tmp_path / "calls.sqlite")] == ["answered"]


async def test_idle_time_is_no_silence_of_the_server(tmp_path: Path) -> None:
    faults = iter(["", "500"])
    server = TeacherServer(lambda: next(faults, ""))
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite", patience=replace(PATIENCE, run=2)) as (teacher, _):
            await teacher.reply(call(url, 1))
            await asyncio.sleep(2.5)
            assert text(await teacher.reply(call(url, 2))) == " because of event 2:"


async def test_the_log_has_no_key_even_if_the_server_repeats_it(tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite"
    faults = iter(["", "echo"])
    server = TeacherServer(lambda: next(faults, ""))
    with served(server.app()) as url:
        async with teacher_of(url, path, most=1) as (teacher, _):
            await teacher.reply(call(url, 1))
            with pytest.raises(CallRefused, match=r"bad header Bearer \[key\]"):
                await teacher.reply(call(url, 2))
    assert server.keys_seen == {f"Bearer {KEY}"}
    [answered, refused] = attempts(path)
    assert b"[key]" in refused["body"]
    assert answered["headers"]["content-type"] == "application/json"
    assert "set-cookie" not in answered["headers"]
    assert KEY.encode() not in path.read_bytes()


async def test_calls_go_out_in_order_and_cached_tokens_are_cheaper(tmp_path: Path) -> None:
    server = TeacherServer()
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite", most=1) as (teacher, log):
            await asyncio.gather(*(teacher.reply(call(url, n)) for n in range(30)))
            assert (await log.spent()).nanodollars == server.bill(PRICES)
    assert server.prompts == [f"event {n}:" for n in range(30)]
    [total] = totals(tmp_path / "calls.sqlite")
    assert total.cached == server.cached_tokens == 29  # "event", in all prompts but the first


async def test_concurrency_grows_to_its_cap_on_a_willing_server(tmp_path: Path) -> None:
    server = TeacherServer()
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite", most=6) as (teacher, _):
            await asyncio.gather(*(teacher.reply(call(url, n)) for n in range(300)))
    assert 4 <= server.most_at_once <= 6
