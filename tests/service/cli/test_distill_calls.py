"""`cometgraph distill calls`: who was asked what, and what it cost."""

import asyncio
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from distill.teacher.calls import Budget
from distill.teacher.patience import Patience
from service.cli.main import cli
from tests.support.completions_server import served
from tests.support.server import cometgraph
from tests.support.teacher_faults import KEY, PRICES, ask
from tests.support.teacher_server import TeacherServer


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TeacherServer]:
    """The folder of a run of ten calls, with a refused, a cut and a broken reply, and its server."""
    folder = tmp_path_factory.mktemp("run")
    faults = iter(["", "429", "cut after", "not JSON", "echo"])
    server = TeacherServer(lambda: next(faults, ""))
    with served(server.app()) as url:
        asyncio.run(ask(url, folder / "calls.sqlite", 10, Budget(), Patience()))
    return folder, server


def printed(*arguments: str) -> list[list[str]]:
    done = CliRunner().invoke(cli, ["distill", "calls", *arguments], env={"COLUMNS": "200"}, catch_exceptions=False)
    assert done.exit_code == 0
    return [line.split() for line in done.stdout.splitlines()]


def test_totals_are_those_of_the_server(run: tuple[Path, TeacherServer]) -> None:
    folder, server = run
    [columns, *rows] = printed("--out", str(folder))
    assert columns[:4] == ["run", "stage", "state", "attempts"]
    attempts = {row[2]: int(row[3]) for row in rows[:-1]}
    assert attempts == {"answered": 10, "refused": 2, "unknown": 1}
    assert sum(int(row[4].replace(",", "")) for row in rows[:-1]) == int(rows[-1][2].replace(",", ""))
    assert float(rows[-1][-1]) * 1e9 >= server.bill(PRICES)
    assert printed("--log", str(folder / "calls.sqlite")) == [columns, *rows]


def test_attempts_of_one_state_are_named(run: tuple[Path, TeacherServer]) -> None:
    [_, row] = printed("--out", str(run[0]), "--state", "unknown")
    assert row[3:5] == ["run", "events"]
    assert any("peer" in word or "Protocol" in word for word in row)


def test_an_export_has_requests_and_raw_replies_but_no_key(run: tuple[Path, TeacherServer], tmp_path: Path) -> None:
    target = tmp_path / "calls.jsonl"
    printed("--out", str(run[0]), "--export", str(target))
    lines = [orjson.loads(line) for line in target.read_bytes().splitlines()]
    assert len(lines) == 13
    assert KEY not in target.read_text()
    assert {path.name for path in tmp_path.iterdir()} == {"calls.jsonl"}
    bodies = [line["body"] for line in lines if line["state"] == "answered"]
    assert "<html>welcome</html>" in bodies
    for line in lines:
        assert line["request"]["body"]["prompt"].startswith("the event number")
        if line["state"] == "answered":
            assert "set-cookie" not in line["headers"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "either --out DIR or --log FILE"),
        (["--out", "a", "--log", "b"], 2, "either --out DIR or --log FILE"),
        (["--log", "none.sqlite"], 1, "cannot be read as a call log"),
        (["--log", "none.sqlite", "--state", "lost"], 2, "state: 'lost' is not one of: sent"),
    ],
)
def test_wrong_options_are_one_line(arguments: list[str], code: int, words: str) -> None:
    done = cometgraph("distill", "calls", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
