"""The command line."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from service.cli.lazy_group import LazyGroup
from service.cli.main import cli
from service.settings import Settings, flag, variable
from tests.support.server import COMETGRAPH, cometgraph

CAR = "PersonX buys a car"


def test_infer_prints_a_table_and_json(sample_store: str) -> None:
    table = cometgraph("infer", CAR, "-r", "xIntent", "-r", "xNeed", "--store", sample_store).stdout
    assert "to get to work" in table
    answer = json.loads(cometgraph("infer", CAR, "-r", "xIntent", "--json", "--store", sample_store).stdout)
    assert {i["relation"] for i in answer["inferences"]} == {"xIntent"}


def test_infer_many_in_order_each_with_its_answer_or_problem(sample_store: str, tmp_path: Path) -> None:
    questions = [
        {"event": CAR, "relation": "xIntent"},
        {"event": CAR, "relation": ["xNeed", "xWant"], "limit": 2},
        {"event": "PersonX is unknown"},
        {"event": CAR, "relation": "xWish"},
        {"event": "PersonX starts a new job"},
    ]
    (tmp_path / "in.jsonl").write_text(
        "".join(json.dumps(a) + "\n" for a in questions[:4]) + "no json\n\n" + json.dumps(questions[4])
    )
    done = cometgraph(
        "infer", "--input", "in.jsonl", "--output", "out.jsonl", "--limit", "1", "--mode", "graph", "--store",
        sample_store, cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "cometgraph: 3 of 6 answers are problems\n")
    answers = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [a.get("status", 200) for a in answers] == [200, 200, 404, 422, 422, 200]
    assert [len(answers[n]["inferences"]) for n in (0, 1)] == [1, 4]
    piped = cometgraph("infer", "--input", "-", "--store", sample_store, input=json.dumps(questions[0]))
    assert json.loads(piped.stdout)["event"] == CAR


def test_get_answers_without_a_socket(sample_store: str) -> None:
    done = cometgraph("get", f"/infer?event={CAR}&relation=xIntent&limit=1", "--store", sample_store)
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["inferences"]) == 1
    done = cometgraph("get", "/infer?event=PersonX%20is%20unknown", "--store", sample_store)
    assert (done.returncode, json.loads(done.stdout)["status"]) == (1, 404)


def test_stats_and_settings(sample_store: str) -> None:
    assert "xIntent" in cometgraph("stats", "--store", sample_store).stdout
    shown = cometgraph(
        "settings",
        "--port",
        "99",
        env={"COMETGRAPH_STORE": "here", "COMETGRAPH_NEO4J_PASSWORD": "hush", "COLUMNS": "300"},
    ).stdout
    for name in Settings.model_fields:
        assert flag(name) in shown
        assert variable(name) in shown
    assert "hush" not in shown
    rows = {line.split()[0]: line.split()[1:4] for line in shown.splitlines() if line.startswith("--")}
    assert rows["--port"] == ["COMETGRAPH_PORT", "99", "flag"]
    assert rows["--store"] == ["COMETGRAPH_STORE", "here", "variable"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["infer"],
        ["infer", CAR, "--input", "x"],
        ["infer", CAR, "--output", "x"],
        ["infer", "..."],
        ["infer", CAR, "-r", "xWish"],
        ["infer", CAR, "--limit", "none"],
        ["infer", CAR, "--store", "no/such/store"],
        ["infer", CAR, "--store", "http://example"],
        ["infer", "--input", "no/such/file"],
        ["infer", "--input", "."],
        ["infer", CAR, "--store", "bolt://a:b:c"],
        ["get", "infer"],
        ["get", "//infer"],
        ["get", "/infer?event=a\nb"],
        ["stats", "--threads", "0"],
        ["infer", CAR, "--resume"],
        ["distill", "fly"],
        ["serve", "--port", "70000"],
        ["serve", "--rate-limit", "often", "--store", "STORE"],
        ["serve", "--api-keys", "x", "--store", "STORE"],
        ["serve", "--log-level", "loud"],
        ["fly"],
        ["load"],
        ["--fly"],
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments: list[str], sample_store: str, tmp_path: Path) -> None:
    arguments = [str(tmp_path / "store") if a == "STORE" else a for a in arguments]
    takes_store = arguments[0] in ("infer", "get", "stats") and "--store" not in arguments
    done = cometgraph(*arguments, *(["--store", sample_store] if takes_store else []), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("cometgraph: ")
    assert done.stderr.count("\n") == 1


def test_an_output_that_cannot_be_written_leaves_nothing(sample_store: str, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps({"event": CAR}))
    done = cometgraph("infer", "--input", "in.jsonl", "--output", "no/out.jsonl", "--store", sample_store, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert [p.name for p in tmp_path.iterdir()] == ["in.jsonl"]


def test_an_output_that_is_a_link_or_a_pipe_stays_one(sample_store: str, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps({"event": CAR}))
    (tmp_path / "real.jsonl").touch()
    (tmp_path / "link.jsonl").symlink_to("real.jsonl")
    done = cometgraph("infer", "--input", "in.jsonl", "--output", "link.jsonl", "--store", sample_store, cwd=tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "link.jsonl").is_symlink()
    assert json.loads((tmp_path / "real.jsonl").read_text())["event"] == CAR
    done = cometgraph("infer", "--input", "in.jsonl", "--output", "/dev/stdout", "--store", sample_store, cwd=tmp_path)
    assert json.loads(done.stdout)["event"] == CAR


def test_a_reader_who_leaves_is_no_error(sample_store: str, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text(json.dumps({"event": CAR}) + "\n")
    file.write_text(file.read_text() * 3000)
    command = f"{COMETGRAPH} infer --input {file} --store {sample_store} | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert json.loads(done.stdout)["event"] == CAR
    assert "Traceback" not in done.stderr


PLAIN = [
    ("PersonX closes a tag", "types [/b] and [none]"),
    ("PersonX likes :smile: things", "[bold]submits[/bold] the form :car:"),
    ("PersonX pushes [/enter] twice", "to see [link=x]what[/link] happens"),
]


def test_text_of_the_store_and_of_the_user_is_shown_as_it_is(tmp_path: Path, with_index: dict[str, str]) -> None:
    folder = tmp_path / "[b]:smile:"
    folder.mkdir()
    rows = [
        {"head": head, "relation": "xEffect", "tail": tail, "origins": ["[i]pets[/i] :cat:"]} for head, tail in PLAIN
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    env = with_index | {"COMETGRAPH_STORE": "store", "COLUMNS": "200"}
    done = cometgraph("load", "rows.jsonl", cwd=folder, env=env)
    assert done.returncode == 0, done.stderr
    for head, tail in PLAIN:
        done = cometgraph("infer", head, "--mode", "graph", cwd=folder, env=env)
        assert (done.returncode, done.stderr) == (0, "")
        for text in (head, tail, "[i]pets[/i] :cat:"):
            assert text in done.stdout
        done = cometgraph("match", head, cwd=folder, env=env)
        assert (done.returncode, done.stderr) == (0, "")
        assert all(one in done.stdout for one, _ in PLAIN)
    env |= {"COMETGRAPH_STORE": str(folder / "store")}
    assert cometgraph("stats", env=env).stdout.startswith(str(folder / "store"))
    assert "[/b] :car:" in cometgraph("settings", "--neo4j-user", "[/b] :car:", env=env).stdout
    assert "[/b] :car:" in cometgraph("stats", "--store", "[/b] :car:", env=env).stderr


def test_a_cell_cannot_change_the_terminal(tmp_path: Path) -> None:
    shown = cometgraph("settings", "--neo4j-user", "a\x1b[31mb", env={"COLUMNS": "300"}).stdout
    assert "\x1b" not in shown
    assert "a\N{REPLACEMENT CHARACTER}[31mb" in shown


def test_explain_shows_the_considered_events(tmp_path: Path, with_index: dict[str, str]) -> None:
    file = tmp_path / "rows.tsv"
    file.write_text("PersonX buys a boat\txWant\tto sail\nPersonX sells a boat\txWant\tto rest\n")
    env = with_index | {"COMETGRAPH_STORE": str(tmp_path / "store"), "COLUMNS": "200"}
    assert cometgraph("load", str(file), env=env).returncode == 0
    question = ("infer", "PersonX is buying the boat", "-r", "xWant")
    answer, _, considered = cometgraph(*question, "--explain", env=env).stdout.partition("considered events")
    assert "to sail" in answer
    assert "PersonX sells a boat" in considered
    assert "considered events" not in cometgraph(*question, env=env).stdout


def test_the_summary_of_each_command_is_the_first_line_of_its_help() -> None:
    for group in (cli, cli.get_command(click.Context(cli), "distill")):
        assert isinstance(group, LazyGroup)
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            assert command.name == name
            assert (command.help or "").partition("\n")[0] == group.summaries[name]


def test_help_imports_nothing_heavy() -> None:
    heavy = {"torch", "transformers", "sentence_transformers", "openai", "neo4j", "ladybug", "pyarrow", "fastapi"}
    heavy |= {"numpy", "rich", "service.settings", "service.cli.load"}
    code = (
        "import sys\nfrom service.cli.main import cli\n"
        "try: cli(['--help'])\nexcept SystemExit: pass\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Commands:" in done.stdout
    assert heavy.isdisjoint(done.stderr.split())


def test_answering_from_the_graph_imports_no_model_library(sample_store: str) -> None:
    code = (
        "import sys\nfrom service.cli.main import cli\n"
        f"try: cli(['infer', {CAR!r}, '--store', {sample_store!r}])\nexcept SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"torch", "transformers", "sentence_transformers", "openai"}.isdisjoint(done.stderr.split())
