"""kill -9 at random moments of a run: the same files in the end, and no reply that reached us is paid for again."""

import os
from collections import Counter
from pathlib import Path

import pytest

from distill.critic import POPULATIONS
from distill.teacher.call_records import attempts
from tests.distill.run.test_run import CONFIG
from tests.support.completions_server import served
from tests.support.critic_labels import sample_rows, write_labels
from tests.support.killer import Killer
from tests.support.server import cometgraph
from tests.support.storyteller import written
from tests.support.teacher_server import TeacherServer
from tests.support.tiny_models import make, make_encoder

KILLS = int(os.environ.get("COMETGRAPH_TEST_KILLS", "2"))
SECONDS = float(os.environ.get("COMETGRAPH_TEST_KILL_SECONDS", "8"))
FILES = ("events.jsonl", "inferences.jsonl", "scored.jsonl", "kept.jsonl")
ADAPTER = "adapter_model.safetensors"
TRAINED = (f"critic/critic/{ADAPTER}", "critic/critic/critic.json", f"student/adapter/{ADAPTER}")
FILTER = "[filter]\np_valid = 0.2"
TRAINING = """
[critic]
labels = ["{folder}/labels.tsv"]
[critic.recipe]
base = "{folder}/encoder"
rank = 4
batch = 16
epochs = {epochs}
[student]
base = "{folder}/causal"
rank = 4
from_layer = 0
batch_tokens = 256
evaluate_every = 10
epochs = {epochs}
"""


def training(folder: Path) -> str:
    """Tables for a critic and a student on small bases. More kills have more to kill."""
    for name in ("encoder", "causal"):
        (folder / name).mkdir()
    make_encoder(folder / "encoder")
    make("llama", folder / "causal")
    write_labels(folder / "labels.tsv", [row for p in POPULATIONS for row in sample_rows(10, p)])
    return TRAINING.format(folder=folder, epochs=max(1, KILLS // 6))


@pytest.mark.parametrize("honours_keys", [False, True])
def test_a_killed_run_ends_with_the_same_files(tmp_path: Path, models_cache: Path, honours_keys: bool) -> None:
    server = TeacherServer(write=written, honours_keys=honours_keys)
    env = {"COMETGRAPH_CACHE": str(models_cache)}
    tables, files = (FILTER, FILES) if honours_keys else (FILTER + training(tmp_path), (*FILES, *TRAINED))
    with served(server.app()) as url:
        (tmp_path / "run.toml").write_text(CONFIG.format(url=url, top="", tables=tables, inferences=""))
        whole = ("distill", "run", str(tmp_path / "run.toml"), "--out", str(tmp_path / "whole"))
        done = cometgraph(*whole, env=env)
        assert done.returncode == 0, done.stderr
        server.forget()
        killed = (*whole[:-1], str(tmp_path / "killed"))
        killer = Killer(KILLS, SECONDS)
        for _ in range(KILLS):
            killer.run(*killed, env=env)
        done = cometgraph(*killed, env=env)
        assert done.returncode == 0, done.stderr
    for name in files:
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    paid = Counter(server.answered)
    repeated = {key: count - 1 for key, count in paid.items() if count > 1}
    unknown = Counter(a["call"] for a in attempts(tmp_path / "killed" / "calls.sqlite") if a["state"] == "unknown")
    if honours_keys:
        assert not repeated
    assert all(count <= unknown[key] for key, count in repeated.items())
    assert killer.killed
    print(f"{killer.killed} killed, {len(repeated)} repeated, {unknown.total()} unknown")
