"""A client killed with SIGKILL: no reply that reached us is paid again, and the log names the calls in flight."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from distill.teacher.call_records import attempts
from tests.support.completions_server import served
from tests.support.server import ROOT
from tests.support.teacher_faults import MOST_AT_ONCE, reconcile
from tests.support.teacher_server import TeacherServer

CALLS = 200
CLIENT = """
import asyncio, os, sys
from pathlib import Path
from distill.teacher.call_log import CallLog
from distill.teacher.openai_api import OpenAiTeacher
from distill.teacher.pace import Pace
from tests.support.teacher_faults import KEY, MOST_AT_ONCE, PRICES, call

async def one(teacher, url, number):
    reply = await teacher.reply(call(url, number))
    os.write(1, f"{number}\\n".encode())

async def main(url, path, calls):
    log = CallLog.open(Path(path), "run")
    teacher = OpenAiTeacher(url, KEY, log, Pace(MOST_AT_ONCE), PRICES)
    await asyncio.gather(*(one(teacher, url, number) for number in range(int(calls))))
    await teacher.close()
    log.close()

asyncio.run(main(*sys.argv[1:]))
"""


def start(url: str, path: Path) -> "subprocess.Popen[str]":
    """A client that makes all calls. It writes the number of each reply that it has."""
    arguments = [sys.executable, "-c", CLIENT, url, str(path), str(CALLS)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ)


@pytest.mark.parametrize("honours_keys", [False, True])
def test_a_kill_repeats_at_most_the_calls_in_flight(tmp_path: Path, honours_keys: bool) -> None:
    path = tmp_path / "calls.sqlite"
    server = TeacherServer(honours_keys=honours_keys)
    chance = random.Random(4)
    kills = 2
    reached: set[str] = set()
    with served(server.app()) as url:
        for _ in range(kills):
            before = Counter(server.answered)
            client = start(url, path)
            assert client.stdout is not None
            lines = [client.stdout.readline() for _ in range(len(reached) + chance.randint(1, 60))]
            client.send_signal(signal.SIGKILL)
            rest, _ = client.communicate()
            assert reached.isdisjoint(Counter(server.answered) - before)
            reached |= {row["call"] for row in attempts(path) if row["state"] == "answered"}
            assert len(reached) >= len([*lines, *rest.split()])
        paid_when_stored = {key: count for key, count in Counter(server.answered).items() if key in reached}
        with start(url, path) as client:
            client.communicate()
        assert client.returncode == 0
    answered = Counter(server.answered)
    assert {key: answered[key] for key in reached} == paid_when_stored
    rows = list(attempts(path))
    assert len([row for row in rows if row["state"] == "answered"]) == CALLS
    unknown = [row for row in rows if row["state"] == "unknown"]
    assert 0 < len(unknown) <= kills * MOST_AT_ONCE
    assert {row["reason"] for row in unknown} == {"its process is gone"}
    found = reconcile(path, server)
    assert found.told[0] <= found.told[1]
    assert found.charged <= found.spent
    assert found.unexplained == 0
    if honours_keys:
        assert found.repeated == 0
