"""Many questions at once: lines as they come, and a file of questions through stops.

The student is behind a server that notes what it is batch, and is closed while a test looks at what is under way.
"""

import json
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.completions_server import Desk, served
from tests.support.server import COMETGRAPH, Server, clean_environment, cometgraph, wait_until_ready
from tests.support.tiny_models import make

CAR = "PersonX buys a car"
UNDER_WAY = 4 * 2
"""Questions that are begun at once: four batches of --batch-size 2."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("llama", tmp_path_factory.mktemp("checkpoint") / "tiny")


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.opened.set()


@pytest.fixture
def flags(desk: Desk, folder: Path, tmp_path: Path) -> Iterator[list[str]]:
    """Settings of a student behind the server."""
    with served(desk.app()) as url:
        yield ["--engine-url", url, "--engine-model", "tiny", "--student", str(folder), "--prompt-form", "plain",
               "--decoding", "fast", "--batch-size", "2", "--store", str(tmp_path / "store")]  # fmt: skip
        desk.opened.set()


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"COMETGRAPH_GENERATE": "true", "COMETGRAPH_CACHE": str(tmp_path / "models")}


def questions(numbers: range) -> list[dict[str, Any]]:
    return [{"event": f"PersonX sharpens {n} pencils", "relation": "xReact", "mode": "generate"} for n in numbers]


def write(path: Path, batch: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(one) + "\n" for one in batch))


def events_in(path: Path) -> list[str]:
    return [json.loads(line)["asked"] for line in path.read_text().splitlines()]


def wait_for(fact: Callable[[], bool]) -> None:
    for _ in range(12_000):
        if fact():
            return
        time.sleep(0.05)
    raise AssertionError("it does not come")


# --- lines of a service ---


def test_each_line_comes_as_soon_as_it_and_those_before_it_are_there(
    flags: list[str], env: dict[str, str], desk: Desk
) -> None:
    server = Server(*flags, env=env)
    batch = [{"event": CAR, "relation": "xIntent", "limit": 1}, *questions(range(3)), {"event": "..."}]
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        wait_until_ready(client.get)
        accept = {"accept": "application/x-ndjson"}
        with client.stream("POST", "/infer/batch", json={"questions": batch}, headers=accept) as response:
            lines = response.iter_lines()
            assert json.loads(next(lines))["asked"] == CAR
            assert not desk.opened.is_set()  # the rest is still to be written
            desk.opened.set()
            rest = [json.loads(line) for line in lines]
        assert [one["asked"] for one in rest[:3]] == [one["event"] for one in batch[1:4]]
        assert rest[3]["status"] == 422
        assert len(rest) == 4
    assert server.stop() == 0


def test_a_client_disconnect_cancels_the_rest(flags: list[str], env: dict[str, str], desk: Desk) -> None:
    server = Server(*flags, env=env)
    batch = [{"event": CAR, "relation": "xIntent"}, *questions(range(100))]
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        wait_until_ready(client.get)

        def depth() -> int:
            return int(client.get("/metrics").text.split("\ncometgraph_student_waiting ")[1].split(".")[0])

        accept = {"accept": "application/x-ndjson"}
        with client.stream("POST", "/infer/batch", json={"questions": batch}, headers=accept) as response:
            lines = response.iter_lines()  # kept, because its end closes the connection
            next(lines)
            wait_for(lambda: bool(desk.prompts) and depth() > 2)  # one batch is being written, and others wait
        wait_for(lambda: depth() == len(desk.prompts))  # what is being written ends: a batch of one, or of two
        under_way = len(desk.prompts)
        desk.opened.set()
        wait_for(lambda: depth() == 0)
        assert len(desk.prompts) == under_way <= 2
    assert server.stop() == 0


def test_a_batch_outlasts_the_time_of_a_single_question(flags: list[str], env: dict[str, str], desk: Desk) -> None:
    """With --generate-seconds 2 and a batch of two each 0.3 s, 40 questions take longer, and are all answered."""
    server = Server(*flags, "--generate-seconds", "2", env=env)
    with httpx2.Client(base_url=server.url, timeout=120) as client:
        wait_until_ready(client.get)
        is_over = threading.Event()

        def open_now_and_then() -> None:
            while not is_over.wait(0.3):
                desk.opened.set()
                time.sleep(0.01)
                desk.opened.clear()

        slowly = threading.Thread(target=open_now_and_then)
        slowly.start()
        answers = client.post("/infer/batch", json={"questions": questions(range(40))}).json()["answers"]
        is_over.set()
        slowly.join()
        desk.opened.set()
    assert [answer.get("detail") for answer in answers] == [None] * 40
    assert server.stop() == 0


# --- files ---


def infer(tmp_path: Path, flags: list[str], env: dict[str, str], *more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [COMETGRAPH, "infer", "--input", "in.jsonl", "--output", "out.jsonl", *more, *flags],
        cwd=tmp_path, env=clean_environment(env), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> None:
    done = cometgraph("load", "graph/sample.jsonl", "--store", str(tmp_path / "store"))
    assert done.returncode == 0, done.stderr


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


@pytest.mark.usefixtures("store")
def test_a_killed_run_goes_on_and_asks_nothing_again_that_was_answered(
    flags: list[str], env: dict[str, str], desk: Desk, tmp_path: Path
) -> None:
    batch = [{"event": CAR, "relation": "xIntent"}, *questions(range(60)), {"event": "..."}]
    write(tmp_path / "in.jsonl", batch)
    part = tmp_path / "out.jsonl.part"
    killed = 0
    desk.opened.set()
    while killed < 3:
        process = infer(tmp_path, flags, env, *(["--resume"] if killed else []))
        there = len(part.read_bytes().splitlines()) if part.exists() else 0
        wait_for(lambda there=there: part.exists() and len(part.read_bytes().splitlines()) > there + 5)
        process.kill()
        ended(process)
        assert not (tmp_path / "out.jsonl").exists()
        assert events_in(part)  # whole lines, each an answer
        killed += 1
    with part.open("ab") as file:
        file.write(b'{"asked": "PersonX sharp')
    refused = ended(infer(tmp_path, flags, env))
    assert refused[0] == 2
    assert "--resume" in refused[1]
    assert refused[1].count("\n") == 1
    assert ended(infer(tmp_path, flags, env, "--resume")) == (0, "cometgraph: 1 of 62 answers are problems\n")
    assert not part.exists()
    answers = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [answer.get("asked", "...") for answer in answers] == [one["event"] for one in batch]
    times = Counter(desk.prompts)
    assert len(times) == 60
    assert sum(times.values()) <= 60 + killed * UNDER_WAY
    before = (tmp_path / "out.jsonl").stat()
    again = ended(infer(tmp_path, flags, env, "--resume"))
    assert again == (0, "cometgraph: out.jsonl has all answers already\n")
    assert (tmp_path / "out.jsonl").stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.usefixtures("store")
def test_ctrl_c_finishes_what_is_under_way_and_a_second_one_stops_at_once(
    flags: list[str], env: dict[str, str], desk: Desk, tmp_path: Path
) -> None:
    write(tmp_path / "in.jsonl", questions(range(40)))
    process = infer(tmp_path, flags, env)
    wait_for(lambda: len(desk.prompts) == 2)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    assert process.poll() is None
    desk.opened.set()
    stopped = f"cometgraph: stopped; out.jsonl.part has {UNDER_WAY} answers, --resume goes on\n"
    assert ended(process) == (130, stopped)
    assert events_in(tmp_path / "out.jsonl.part") == [one["event"] for one in questions(range(UNDER_WAY))]
    desk.opened.clear()
    process = infer(tmp_path, flags, env, "--resume")
    wait_for(lambda: len(desk.prompts) == UNDER_WAY + 2)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert ended(process)[0] == 130
    assert len(events_in(tmp_path / "out.jsonl.part")) == UNDER_WAY
    desk.opened.set()
    assert ended(infer(tmp_path, flags, env, "--resume")) == (0, "")
    assert events_in(tmp_path / "out.jsonl") == [one["event"] for one in questions(range(40))]


def test_answers_that_do_not_fit_the_questions_are_refused(sample_store: str, tmp_path: Path) -> None:
    batch = [{"event": CAR, "relation": "xIntent"}, {"event": "PersonX is unknown"}, {"event": "PersonX goes home"}]
    flags = ["infer", "--input", "in.jsonl", "--output", "out.jsonl", "--mode", "graph", "--store", sample_store]
    write(tmp_path / "in.jsonl", batch)
    cometgraph(*flags, cwd=tmp_path)
    answers = (tmp_path / "out.jsonl").read_bytes().splitlines(keepends=True)
    part = tmp_path / "out.jsonl.part"

    def resumed(there: bytes) -> str:
        part.write_bytes(there)
        done = cometgraph(*flags, "--resume", cwd=tmp_path)
        if done.returncode == 2:
            assert done.stderr.count("\n") == 1
            assert part.read_bytes() == there
        return done.stderr

    assert "line 2" in resumed(answers[0] + answers[0])
    assert "PersonX is unknown" in resumed(answers[0] + answers[0])
    assert "line 4" in resumed(b"".join(answers) + answers[1])
    assert "line 2" in resumed(answers[0] + b"7\n")
    assert "line 1" in resumed(b"\0\0\0\n")
    write(tmp_path / "in.jsonl", [{"event": 7}, *batch[1:]])
    assert "line 1" in resumed(answers[0])
    write(tmp_path / "in.jsonl", batch)
    for there in (b"", answers[0], answers[0] + answers[1][:20], b"".join(answers)):
        (tmp_path / "out.jsonl").unlink(missing_ok=True)
        resumed(there)
        assert [json.loads(one).get("asked") for one in (tmp_path / "out.jsonl").read_bytes().splitlines()] == [
            json.loads(one).get("asked") for one in answers
        ]
        assert not part.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        [CAR, "--resume"],
        ["--input", "in.jsonl", "--resume"],
        ["--input", "-", "--output", "out.jsonl", "--resume"],
        ["--input", "in.jsonl", "--output", "/dev/stdout", "--resume"],
    ],
)
def test_only_files_can_be_gone_on_with(arguments: list[str], sample_store: str, tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", [{"event": CAR}])
    done = cometgraph("infer", *arguments, "--store", sample_store, cwd=tmp_path, input="")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("cometgraph: resume: ")
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]
