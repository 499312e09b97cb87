"""A teacher behind a server that fails: nothing is lost, nothing paid twice, and the bill is the server's own."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import orjson
import pytest

from distill.teacher.call_log import BudgetSpent, CallLog
from distill.teacher.call_records import attempts, by_state
from distill.teacher.calls import Budget, Call, Reply, TeacherRefused
from distill.teacher.openai_api import OpenAiTeacher
from distill.teacher.pace import Pace
from distill.teacher.patience import Patience
from distill.teacher.prices import Prices
from schemas.errors import Unavailable
from tests.support.completions_server import served
from tests.support.teacher_server import TeacherServer, at_random

pytestmark = pytest.mark.anyio

PRICES = Prices(Decimal(2), Decimal(1), Decimal(8))
PATIENCE = Patience(connect=30, silence=30, call=60, run=120)
KEY = "sk-secret"


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


async def test_a_faulty_server_loses_nothing_and_its_bill_is_ours(tmp_path: Path) -> None:
    """30 % of the requests fail in six ways. What is cut off before its reply may be paid twice, nothing else."""
    path = tmp_path / "calls.sqlite"
    server = TeacherServer(at_random(1, 0.3, "429", "429 with Retry-After", "500", "503", "cut before", "cut after"))
    with served(server.app()) as url:
        async with teacher_of(url, path) as (teacher, log):
            replies = await asyncio.gather(*(teacher.reply(call(url, n)) for n in range(150)))
            assert [text(reply) for reply in replies] == [f" because of event {n}:" for n in range(150)]
            spent = await log.spent()
    found = by_state(path)
    assert spent.tokens == found["answered"].tokens + found["unknown"].tokens
    states = Counter(attempt["state"] for attempt in attempts(path))
    assert states["answered"] == 150
    assert states["refused"] > 10
    cut_after = [one for one in attempts(path) if one["state"] == "unknown"]
    repeated = sum(count - 1 for count in Counter(server.answered).values())
    assert 0 < repeated <= len(cut_after)
    assert found["answered"].tokens == server.tokens - repeated * 9  # "event N:" and 7 tokens of the reply
    assert KEY.encode() not in path.read_bytes()
    assert server.keys_seen == {f"Bearer {KEY}"}


async def test_a_server_that_honours_the_key_is_never_paid_twice(tmp_path: Path) -> None:
    server = TeacherServer(at_random(2, 0.3, "cut before", "cut after"), honours_keys=True)
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite") as (teacher, _):
            await asyncio.gather(*(teacher.reply(call(url, n)) for n in range(100)))
    assert len(server.answered) == len(set(server.answered)) == 100
    assert by_state(tmp_path / "calls.sqlite")["answered"].tokens == server.tokens


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
    assert spent.nanodollars == len(server.answered) * (2 * 2 + 7 * 8) * 1_000
    assert spent.nanodollars > 1_000_000  # it goes near to its end


async def test_a_reply_without_a_choice_is_kept_and_paid_once(tmp_path: Path) -> None:
    server = TeacherServer(lambda: "no choices")
    with served(server.app()) as url:
        for _ in range(2):
            async with teacher_of(url, tmp_path / "calls.sqlite") as (teacher, _):
                reply = await teacher.reply(call(url, 1))
                assert orjson.loads(reply.body)["choices"] == []
    assert len(server.answered) == 1


async def test_concurrency_grows_to_its_cap_on_a_willing_server(tmp_path: Path) -> None:
    server = TeacherServer()
    with served(server.app()) as url:
        async with teacher_of(url, tmp_path / "calls.sqlite", most=6) as (teacher, _):
            await asyncio.gather(*(teacher.reply(call(url, n)) for n in range(300)))
    assert 4 <= server.most_at_once <= 6
