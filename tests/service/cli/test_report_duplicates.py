"""`cometgraph load --report-duplicates`: pairs of heads with the same meaning are reported, and none is merged."""

import json
import os
import signal
import subprocess
import time
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.support.neo4j_server import Neo4jAddress, emptied
from tests.support.server import COMETGRAPH, cometgraph

BOATS = ["PersonX is buying the boat", "PersonX buys a boat"]
OTHERS = [
    "PersonX does not buy a boat",
    "PersonX buys two boats",
    "PersonX sells a boat",
    "PersonX hits PersonY",
    "PersonY hits PersonX",
]
WAITS = [f"PersonX waits {n} hours" for n in range(300)]


def rows(*heads: str) -> str:
    return "".join(f"{head}\txWant\tto rest\n" for head in heads)


@pytest.fixture(params=["embedded", "neo4j"])
def env(request: pytest.FixtureRequest, tmp_path: Path, with_index: dict[str, str]) -> dict[str, str]:
    """Settings with an empty store of each kind."""
    if request.param == "embedded":
        return with_index | {"COMETGRAPH_STORE": str(tmp_path / "store")}
    server: Neo4jAddress = request.getfixturevalue("neo4j_server")
    return with_index | {"COMETGRAPH_STORE": emptied(server), "COMETGRAPH_NEO4J_PASSWORD": server.password}


@pytest.fixture
def here(tmp_path: Path, with_index: dict[str, str]) -> dict[str, str]:
    """Settings with an empty embedded store."""
    return with_index | {"COMETGRAPH_STORE": str(tmp_path / "store")}


def load(env: dict[str, str], *arguments: str, out: Path, **options: Any) -> tuple[str, list[dict[str, Any]]]:
    """The last line that a load prints, and what it reports."""
    done = cometgraph("load", *arguments, "--report-duplicates", str(out), env=env, **options)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert not list(out.parent.glob("*.part"))
    return done.stdout.splitlines()[-1], [json.loads(line) for line in out.read_text().splitlines()]


def events(env: dict[str, str]) -> int:
    return json.loads(cometgraph("stats", "--json", env=env).stdout)["events"]


def test_two_wordings_of_one_event_are_reported_and_stay_two(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text(rows(*WAITS, BOATS[0], *OTHERS))
    (tmp_path / "b.tsv").write_text(rows(BOATS[1], BOATS[0]))
    files = [str(tmp_path / "a.tsv"), str(tmp_path / "b.tsv"), "--origin", "t"]
    out = tmp_path / "same.jsonl"
    line, [pair] = load(env, *files, out=out)
    assert line == f"pairs of heads that mean the same 1  in {out}"
    assert 0.9 < pair.pop("similarity") < 1
    assert pair == {"event": BOATS[1], "same_as": BOATS[0], "confidence": 0.98, "reason": "the same words"}
    assert events(env) == len(WAITS) + len(BOATS) + len(OTHERS)
    for head in BOATS:
        done = cometgraph("infer", head, "-r", "xWant", "--mode", "graph", "--json", env=env)
        assert [one["tail"] for one in json.loads(done.stdout)["inferences"]] == ["to rest"]
    before = out.read_bytes()
    load(env, *files, out=out)
    assert out.read_bytes() == before


def test_heads_that_are_stored_but_not_loaded_now_are_not_reported(here: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "same.jsonl"
    for head in BOATS:
        line, pairs = load(here, "-", "--format", "atomic2020", out=out, input=rows(head))
        assert (line, pairs) == (f"pairs of heads that mean the same 0  in {out}", [])
    assert events(here) == 2
    assert len(load(here, "-", "--format", "atomic2020", out=out, input=rows(*BOATS))[1]) == 1


def test_heads_whose_rows_are_filtered_or_rejected_are_not_reported(here: dict[str, str], tmp_path: Path) -> None:
    splits = zip([*BOATS, "PersonX bought the boat"], ["train", "dev", "train"], ["xWant", "xWant", "xNo"], strict=True)
    lines = [{"head": head, "split": split, "relation": r, "tail": "to rest"} for head, split, r in splits]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    arguments = ["load", str(tmp_path / "a.jsonl"), "--report-duplicates", str(tmp_path / "same.jsonl")]
    done = cometgraph(*arguments, "--split", "train", env=here)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "same.jsonl").read_text() == ""
    assert cometgraph(*arguments, env=here).returncode == 0
    assert len((tmp_path / "same.jsonl").read_text().splitlines()) == 1


def test_each_pair_is_reported_once_the_surest_first_then_by_text(here: dict[str, str], tmp_path: Path) -> None:
    hugs = ["PersonX hugs PersonY", "PersonX is hugging PersonY", "PersonX hugged PersonY"]
    _, pairs = load(here, "-", "--origin", "t", "--format", "atomic2020", out=tmp_path / "o", input=rows(*BOATS, *hugs))
    found = [(pair["event"], pair["same_as"]) for pair in pairs]
    assert found == [(BOATS[1], BOATS[0]), (hugs[2], hugs[0]), (hugs[2], hugs[1]), (hugs[0], hugs[1])]
    assert [pair["confidence"] for pair in pairs] == sorted((pair["confidence"] for pair in pairs), reverse=True)


FOLDER = "{!r} is not a plain file in a folder that exists"
OWN = "{!r} is not a file of its own: it is loaded, or is the --report"
NO_INDEX = "it needs the index of events, and --no-match (COMETGRAPH_MATCH=false) makes none"


@pytest.mark.parametrize(
    ("out", "more", "reason"),
    [
        (".", (), FOLDER),
        ("", (), FOLDER),
        ("none/o.jsonl", (), FOLDER),
        ("pipe", (), FOLDER),
        ("a.tsv", (), OWN),
        ("./r.json", ("--report", "r.json"), OWN),
        ("x" * 252, (), "{!r} is not a file that can be written (File name too long)"),
        ("x" * 300, (), "{!r} is not a file that can be written (File name too long)"),
        ("o.jsonl", ("--offline", "csv"), "it needs the index of events, and --offline makes none"),
        ("o.jsonl", ("--no-match",), NO_INDEX),
    ],
)
def test_bad_input_is_refused_before_anything_is_stored(
    here: dict[str, str], tmp_path: Path, out: str, more: tuple[str, ...], reason: str
) -> None:
    (tmp_path / "a.tsv").write_text(rows(*BOATS))
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.iterdir())
    done = cometgraph("load", "a.tsv", "--report-duplicates", out, *more, env=here, cwd=tmp_path)
    shown = out if len(out) <= 80 else out[:77] + "..."
    assert (done.returncode, done.stderr) == (2, f"cometgraph: report_duplicates: {reason.format(shown)}\n")
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "a.tsv").read_text() == rows(*BOATS)


def test_it_is_refused_where_the_environment_switches_matching_off(here: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text(rows(*BOATS))
    off = here | {"COMETGRAPH_MATCH": "false"}
    done = cometgraph("load", "a.tsv", "--report-duplicates", "o", env=off, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, f"cometgraph: report_duplicates: {NO_INDEX}\n")
    assert not (tmp_path / "store").exists()


def test_what_is_no_judge_is_refused_before_anything_is_stored(here: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text(rows(*BOATS))
    arguments = ("load", "a.tsv", "--report-duplicates", "o", "--judge", "nobody")
    done = cometgraph(*arguments, env=here, cwd=tmp_path)
    reason = "judge: 'nobody' is not minilm-same-event, or a folder with a judge.json"
    assert (done.returncode, done.stderr) == (2, f"cometgraph: {reason}\n")
    assert not (tmp_path / "o").exists()
    assert events(here) == 0


def test_ctrl_c_while_heads_are_compared_leaves_the_report_as_it_was(here: dict[str, str], tmp_path: Path) -> None:
    whom = ["the dentist", "a stranger", "the plumber", "a cousin", "the mayor", "a waiter", "the coach", "a nurse"]
    does = ["calls", "thanks", "greets", "paints", "visits", "warns", "hires", "follows", "teases", "pays", "helps"]
    where = ["at the station", "in the kitchen", "on the bridge", "at school", "in the rain", "on the bus", "in town"]
    where += ["at the zoo", "on the stairs", "in the park", "at the bakery", "on holiday", "in a tent", "at sea"]
    heads = [f"PersonX {' '.join(words)}" for words in product(does, whom, where)]
    (tmp_path / "a.tsv").write_text(rows(*heads))
    out = tmp_path / "same.jsonl"
    out.write_text("from before\n")
    process = subprocess.Popen(
        [COMETGRAPH, "load", str(tmp_path / "a.tsv"), "--report-duplicates", str(out)],
        env=os.environ | here,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    # So many vectors are written to this file when the last is made; comparing begins then.
    while process.poll() is None and not list((tmp_path / "store").glob("vectors-*.usearch")):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=120) == (b"", b"cometgraph: stopped\n")
    assert process.returncode == 130
    assert out.read_text() == "from before\n"
    assert not list(tmp_path.glob("*.part"))
    assert events(here) == len(heads)
