"""Child processes: results, errors and progress travel, and whatever ends a child is an error that says so."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from distill.weights.child import Child, run
from schemas.errors import BadInput, CometgraphError, EventNotFound, TooManyRequests, Unavailable
from schemas.progress import Progress
from tests.support.server import ROOT


class Counter:
    def __init__(self, start: int) -> None:
        self.value = start

    def add(self, number: int) -> int:
        self.value += number
        return self.value

    def end(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def counter(start: int, progress: Progress) -> tuple[Counter, str]:
    progress("counting", 1, 2)
    return Counter(start), f"a counter from {start}"


def refuse(field: str, _progress: Progress) -> None:
    raise BadInput.of(field, 7, "6")


def break_down(_progress: Progress) -> None:
    raise ZeroDivisionError("by zero")


def modules(_progress: Progress) -> list[str]:
    import torch

    return [torch.__name__]


def end(_progress: Progress) -> None:
    print("Segmentation of something", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_channel_keeps_its_object_and_tells_progress() -> None:
    child = Child("a test")
    try:
        seen: list[tuple[str, int, int]] = []
        channel, other = child.channel(), child.channel()
        assert channel.open(counter, 5, progress=lambda *done: seen.append(done)) == "a counter from 5"
        other.open(counter, 100)
        assert [channel.call("add", 1), channel.call("add", 1), other.call("add", 1)] == [6, 7, 101]
        assert seen == [("counting", 1, 2)]
    finally:
        child.close()


def test_errors_travel_whole() -> None:
    with pytest.raises(BadInput) as caught:
        run("a test", refuse, "colour")
    assert caught.value.errors[0].field == "colour"
    assert str(caught.value) == "colour: '7' is not 6"
    with pytest.raises(ZeroDivisionError, match="by zero"):
        run("a test", break_down)


@pytest.mark.parametrize(
    "error", [EventNotFound("a", ["b"]), TooManyRequests("2 per 1 minute", 7), Unavailable("x", None)]
)
def test_every_kind_of_error_can_travel(error: CometgraphError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.extra, copy.retry_after) == (
        type(error),
        str(error),
        error.extra,
        error.retry_after,
    )


def test_what_a_child_imports_stays_there() -> None:
    code = (
        "import sys; from distill.weights.child import run; from tests.distill.weights.test_child import modules; "
        "print(run('a test', modules), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "['torch'] False", done.stderr


def test_a_killed_child_is_an_error_with_the_signal_and_its_last_line() -> None:
    with pytest.raises(Unavailable, match=r"a test was ended by SIGKILL \(Segmentation of something\)"):
        run("a test", end)


def test_whoever_waits_for_a_killed_child_is_told_and_so_is_its_owner() -> None:
    ended: list[bool] = []
    child = Child("a test", on_end=lambda: ended.append(True))
    channel = child.channel()
    channel.open(counter, 0)
    with pytest.raises(Unavailable, match="SIGKILL"):
        channel.call("end")
    with pytest.raises(Unavailable):
        child.channel()
    for _ in range(100):
        if ended:
            break
        time.sleep(0.02)
    assert ended == [True]
    child.close()


def test_a_child_does_not_outlive_a_killed_parent() -> None:
    code = (
        "import time; from distill.weights.child import Child; child = Child('a test'); child.channel(); "
        "print(child.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(200):
        if not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3]:
            return
        time.sleep(0.05)
    raise AssertionError("the child lives on")
