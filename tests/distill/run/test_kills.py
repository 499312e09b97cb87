"""kill -9 at random moments of a run: the same files in the end, and no reply that reached us is paid for again."""

import os
from collections import Counter
from pathlib import Path

import pytest

from distill.teacher.call_records import attempts
from tests.distill.run.test_run import CONFIG
from tests.support.completions_server import served
from tests.support.killer import Killer
from tests.support.server import cometgraph
from tests.support.storyteller import written
from tests.support.teacher_server import TeacherServer

KILLS = int(os.environ.get("COMETGRAPH_TEST_KILLS", "3"))
SECONDS = float(os.environ.get("COMETGRAPH_TEST_KILL_SECONDS", "8"))
FILES = ("events.jsonl", "inferences.jsonl", "scored.jsonl", "kept.jsonl")


@pytest.mark.parametrize("honours_keys", [False, True])
def test_a_killed_run_ends_with_the_same_files(tmp_path: Path, models_cache: Path, honours_keys: bool) -> None:
    server = TeacherServer(write=written, honours_keys=honours_keys)
    env = {"COMETGRAPH_CACHE": str(models_cache)}
    with served(server.app()) as url:
        text = CONFIG.format(url=url, top="", tables="[filter]\np_valid = 0.2", inferences="")
        (tmp_path / "run.toml").write_text(text)
        whole = ("distill", "run", str(tmp_path / "run.toml"), "--out", str(tmp_path / "whole"))
        done = cometgraph(*whole, env=env)
        assert done.returncode == 0, done.stderr
        server.answered.clear()
        server._paid.clear()
        killed = (*whole[:-1], str(tmp_path / "killed"))
        killer = Killer(1, SECONDS)
        for _ in range(KILLS):
            killer.run(*killed, env=env)
        done = cometgraph(*killed, env=env)
        assert done.returncode == 0, done.stderr
    for name in FILES:
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    paid = Counter(server.answered)
    repeated = {key: count - 1 for key, count in paid.items() if count > 1}
    unknown = Counter(a["call"] for a in attempts(tmp_path / "killed" / "calls.sqlite") if a["state"] == "unknown")
    if honours_keys:
        assert not repeated
    assert all(count <= unknown[key] for key, count in repeated.items())
    assert killer.killed
    print(f"{killer.killed} killed, {len(repeated)} repeated, {unknown.total()} unknown")
