"""The store of `cometgraph load`: large loads, damaged files, and two loads at once."""

import json
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.loading import TENX, ask, jsonl, run_load
from tests.support.server import COMETGRAPH, cometgraph


def test_a_large_load_into_a_graph_with_data_equals_small_ones(tmp_path: Path) -> None:
    """A load too large for single inserts rebuilds the graph. The result is the same."""
    lines = [f"PersonX waits {n % 999}\t{('xWant', 'xNeed')[n % 2]}\tto do {n}\n" for n in range(24_000)]
    lines += ["PersonX waits 1\toReact\tnone\n", "PersonX naps\toReact\tnone\n"]
    for name, part in (("a", lines[:9_000]), ("b", lines[8_000:17_000]), ("c", lines[16_000:])):
        (tmp_path / f"{name}.tsv").write_text("".join(part))
    (tmp_path / "all.tsv").write_text("".join(lines))
    (tmp_path / "other").mkdir()
    for name in "abc":
        run_load(tmp_path, str(tmp_path / f"{name}.tsv"), "--origin", "x")
    run_load(tmp_path / "other", str(tmp_path / "a.tsv"), "--origin", "x")
    report = run_load(tmp_path / "other", str(tmp_path / "all.tsv"), "--origin", "x")
    assert (report["loaded"], report["present"], report["none"]) == (15_000, 9_000, 2)
    one, other = (
        json.loads(cometgraph("stats", "--json", "--store", str(folder / "store")).stdout) | {"store": ""}
        for folder in (tmp_path, tmp_path / "other")
    )
    assert one == other
    assert ask(tmp_path, "PersonX waits 7") == ask(tmp_path / "other", "PersonX waits 7")


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    """Files with names like those of a store were once deleted."""
    file = jsonl(tmp_path / "a.jsonl", TENX)
    folder = tmp_path / "store"
    (folder / "load-tests").mkdir(parents=True)
    for name in ("events-2024.csv", "graph-notes.txt", "load-tests/t.py"):
        (folder / name).touch()
    done = cometgraph("load", file, "--store", str(folder))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert {p.name for p in folder.iterdir()} == {"events-2024.csv", "graph-notes.txt", "load-tests"}


@pytest.mark.parametrize("damage", ["garbage", "gone", "empty"])
def test_a_damaged_text_index_is_built_again(tmp_path: Path, damage: str) -> None:
    file = jsonl(tmp_path / "a.jsonl", TENX)
    run_load(tmp_path, file)
    [index] = (tmp_path / "store").glob("events-*.sqlite")
    index.unlink()
    if damage != "gone":
        index.write_text("garbage" if damage == "garbage" else "")
    reading = cometgraph("infer", "PersonX waits once", "--store", str(tmp_path / "store"))
    assert (reading.returncode, reading.stderr.count("\n")) == (1, 1)
    run_load(tmp_path, file)
    assert "PersonX waits'" in cometgraph("infer", "PersonX waits once", "--store", str(tmp_path / "store")).stderr


def test_a_missing_graph_file_is_said(tmp_path: Path) -> None:
    file = jsonl(tmp_path / "a.jsonl", TENX)
    run_load(tmp_path, file)
    [graph] = (tmp_path / "store").glob("graph-*.lbug")
    graph.unlink()
    for command in (["load", file], ["infer", "PersonX waits"]):
        done = cometgraph(*command, "--store", str(tmp_path / "store"))
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "is missing" in done.stderr


def test_both_zeros_are_one(tmp_path: Path) -> None:
    text = json.dumps(TENX | {"p_valid_model": 0.0}).replace("0.0", "-0.0")
    run_load(tmp_path, jsonl(tmp_path / "a.jsonl", text))
    assert str(ask(tmp_path, "PersonX waits")[0]["p_valid"]) == "0.0"


def test_two_loads_at_once_are_one_and_a_refusal(tmp_path: Path) -> None:
    first = subprocess.Popen(
        [COMETGRAPH, "load", "-", "--store", str(tmp_path / "store")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    for _ in range(200):
        if (tmp_path / "store" / "store.json").exists():
            break
        time.sleep(0.05)
    done = cometgraph("load", jsonl(tmp_path / "a.jsonl", TENX), "--store", str(tmp_path / "store"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    out, _ = first.communicate(b"PersonX waits\txWant\tto go\n", 60)
    assert (first.returncode, out.startswith(b"read 1  loaded 1")) == (0, True)
