"""A teacher without a server: OpenAI's JSON, the same log, and a reply that depends on its call alone."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from distill.teacher.call_log import BudgetSpent, CallLog
from distill.teacher.call_records import by_state
from distill.teacher.calls import Budget, Call, CallRefused, Cost, Reply
from distill.teacher.in_process import InProcessTeacher, TeacherProcess
from distill.teacher.teacher import IN_PROCESS, TeacherSpec, open_teacher
from schemas.errors import BadInput, Unavailable
from schemas.progress import silent
from tests.support.tiny_models import make

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> TeacherSpec:
    folder = make("llama", tmp_path_factory.mktemp("teacher"))
    (folder / "chat_template.jinja").write_text("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}me:")
    return TeacherSpec(IN_PROCESS, str(folder), device="cpu", threads=1, cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def process(spec: TeacherSpec) -> Iterator[TeacherProcess]:
    started = TeacherProcess.start(spec.model, spec.device, spec.threads, spec.cache, silent)
    yield started
    started.child.close()


@contextmanager
def run_of(process: TeacherProcess, path: Path, budget: Budget | None = None) -> Iterator[InProcessTeacher]:
    log = CallLog.open(path / "calls.sqlite", "run", budget)
    yield InProcessTeacher(process, log)
    log.close()


def call(spec: TeacherSpec, number: int, **options: object) -> Call:
    prompt = f"Why?\n\n1. PersonX buys a car to drive\n\n2. PersonX sees {number} cats to"
    values = {"n": 3, "max_tokens": 6, "temperature": 1.0, "top_p": 0.9, "stop": ["\n"], "logprobs": 1} | options
    body = {"model": spec.model, "prompt": prompt} | values
    return Call("inferences", spec.url, {"path": "/completions", "body": body})


async def test_a_reply_is_a_completion_that_depends_on_its_call_alone(
    spec: TeacherSpec, process: TeacherProcess, tmp_path: Path
) -> None:
    calls = [call(spec, n) for n in range(40)]
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
    with run_of(process, tmp_path / "one") as teacher:
        replies = await asyncio.gather(*(teacher.reply(one) for one in calls))
        assert await teacher.reply(calls[0]) == replies[0]
    with run_of(process, tmp_path / "other") as teacher:
        assert [await teacher.reply(one) for one in calls[7:0:-3]] == replies[7:0:-3]
    body = orjson.loads(replies[0].body)
    assert (body["object"], body["model"], len(body["choices"])) == ("text_completion", spec.model, 3)
    for choice in body["choices"]:
        log_probs = choice["logprobs"]
        assert len(log_probs["tokens"]) == len(log_probs["token_logprobs"]) == len(log_probs["text_offset"]) <= 6
        assert all(log_prob <= 0 for log_prob in log_probs["token_logprobs"])
        assert choice["finish_reason"] in ("stop", "length")
    usage = body["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert 3 <= usage["completion_tokens"] <= 18
    sums = [orjson.loads(reply.body)["usage"]["total_tokens"] for reply in replies]
    assert by_state(tmp_path / "one" / "calls.sqlite") == {"answered": Cost(40, sum(sums), 0)}


async def test_a_chat_has_its_own_form(spec: TeacherSpec, process: TeacherProcess, tmp_path: Path) -> None:
    messages = [{"role": "user", "content": "Why?"}]
    body = {"model": spec.model, "messages": messages, "n": 2, "logprobs": True}
    request = {"path": "/chat/completions", "body": body}
    with run_of(process, tmp_path) as teacher:
        reply = orjson.loads((await teacher.reply(Call("events", spec.url, request))).body)
    assert (reply["object"], len(reply["choices"])) == ("chat.completion", 2)
    for choice in reply["choices"]:
        content = choice["logprobs"]["content"]
        assert len(content) <= 16
        assert choice["message"]["role"] == "assistant"
        text = choice["message"]["content"]
        assert text == "".join(part["token"] for part in content) or "\N{REPLACEMENT CHARACTER}" in text


async def test_what_it_cannot_honour_is_refused(spec: TeacherSpec, process: TeacherProcess, tmp_path: Path) -> None:
    with run_of(process, tmp_path) as teacher:
        for options in ({"best_of": 3}, {"temperature": 3}, {"n": 0}, {"logit_bias": {}}):
            with pytest.raises(BadInput) as caught:
                await teacher.reply(call(spec, 1, **options))
            assert caught.value.errors[0].field in options
        with pytest.raises(CallRefused, match="max_tokens ≤ 512"):
            await teacher.reply(call(spec, 1, max_tokens=2000))
    assert by_state(tmp_path / "calls.sqlite") == {"refused": Cost(1)}


async def test_its_tokens_count_in_the_budget(spec: TeacherSpec, process: TeacherProcess, tmp_path: Path) -> None:
    with run_of(process, tmp_path, Budget(tokens=1000)) as teacher:
        results = await asyncio.gather(*(teacher.reply(call(spec, n)) for n in range(60)), return_exceptions=True)
    assert {type(result) for result in results} == {Reply, BudgetSpent}
    assert by_state(tmp_path / "calls.sqlite")["answered"].tokens <= 1000


async def test_the_end_of_its_process_ends_the_run_and_costs_nothing(spec: TeacherSpec, tmp_path: Path) -> None:
    log = CallLog.open(tmp_path / "calls.sqlite", "run")
    teacher = await open_teacher(spec, log, silent)
    assert isinstance(teacher, InProcessTeacher)
    waiting = asyncio.gather(*(teacher.reply(call(spec, n, n=80, max_tokens=200)) for n in range(4)))
    await asyncio.sleep(0.5)
    os.kill(teacher.process.child.pid, signal.SIGKILL)
    with pytest.raises(Unavailable, match="SIGKILL"):
        await waiting
    await teacher.close()
    log.close()
    assert by_state(log.path) == {"refused": Cost(4)}


async def test_a_key_comes_from_the_environment(
    spec: TeacherSpec, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log = CallLog.open(tmp_path / "calls.sqlite", "run")
    try:
        monkeypatch.delenv("MY_KEY", raising=False)
        with pytest.raises(BadInput, match="MY_KEY has no API key"):
            await open_teacher(TeacherSpec("https://api.openai.com/v1", "gpt-4o-mini", "MY_KEY"), log, silent)
        monkeypatch.setenv("MY_KEY", "sk-1")
        with pytest.raises(BadInput, match="no price is known"):
            await open_teacher(TeacherSpec("http://127.0.0.1:1/v1", "mine", "MY_KEY"), log, silent)
        teacher = await open_teacher(TeacherSpec("https://api.openai.com/v1", "gpt-4o-mini", "MY_KEY"), log, silent)
        await teacher.close()
    finally:
        log.close()
