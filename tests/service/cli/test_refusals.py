"""Bad input of every command is one line on standard error and exit code 2, before anything is made."""

from pathlib import Path

import pytest

from service.cli.main import run
from tests.support.requests import CAR

ROWS = "rows.tsv"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["match"], "Missing argument 'EVENT'. (see cometgraph match --help)"),
        (["match", CAR, "--k", "0"], "k: '0' is not greater than or equal to 1"),
        (["match", CAR, "--k", "many"], "k: 'many' is not a valid integer"),
        (["match", "?!"], "event: '?!' is not a text with at least one letter or digit"),
        (["match", CAR, "--threads", "65"], "threads: '65' is not less than or equal to 64"),
        (["match", CAR, "--store", "nowhere"], "store: 'nowhere' is not"),
        (["infer", CAR, "--clause", "21"], "clause: '21' is not less than or equal to 20"),
        (["infer", CAR, "--decoding", "fast", "--n", "2", "--threshold", "2"], "threshold: '2' is not less than"),
        (["infer", CAR, "--n", "2", "--temperature", "9"], "temperature: '9' is not less than or equal to 5"),
        (["infer", CAR, "--mode", "generate", "--origin", "a"], "origin: with mode=generate there is nothing to"),
        (["infer", CAR, "--output", "out.jsonl"], "output: --output needs --input FILE"),
        (["get", "/infer\x7f"], "path: '/infer\\x7f' is not a path"),
        (["load", "missing.tsv"], "missing.tsv: no such file"),
        (["load", ROWS, "--format", "xml"], "format: 'xml' is not one of atomic10x"),
        (["load", ROWS, "--recall", "0.4"], "recall: '0.4' is not one of 0.5, 0.6"),
        (["load", ROWS, "--split", "half"], "split: 'half' is not one of train"),
        (["load", ROWS, "--min-p-valid", "1.5"], "min_p_valid: '1.5' is not a number from 0 to 1"),
        (["load", ROWS, "--min-p-valid", "nan"], "min_p_valid: 'nan' is not a number from 0 to 1"),
        (["load", ROWS, "--min-p-valid", "x"], "Invalid value for '--min-p-valid'"),
        (["load", ROWS, "--origin", "a\nb"], "origin: 'a\\nb' is not a printable name"),
        (["load", ROWS, "--report", "none/r.json"], "report: 'none/r.json' is not a file in a folder that exists"),
        (["load", ROWS, "--format", "kgtk", "--columns", "head,relation,tail"], "columns: 'head,relation,tail' is"),
        (["forget"], "Missing option '--origin'. (see cometgraph forget --help)"),
        (["index", "--store", "nowhere"], "store: 'nowhere' is not"),
        (["models", "--student", "nowhere/at/all"], "student: 'nowhere/at/all' is not"),
        (["models", "--compute-type", "int4"], "compute_type: 'int4' is not one of auto, int8"),
        (["settings", "--fly"], "No such option '--fly'."),
        (["settings", "--port", "x", "--keep=1"], "Option '--keep' does not take a value."),
        (["serve", "--cors-origin", "example.org"], "cors_origin: 'example.org' is not an origin such as"),
        (["serve", "--rate-limit", "9/minute;1/second"], "rate_limit: '9/minute;1/second' is not one number of"),
    ],
)
def test_bad_input_is_one_line_with_its_reason(
    arguments: list[str],
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / ROWS).write_text("PersonX waits\txWant\tto go\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["cometgraph", *arguments])
    assert run() == 2
    out, err = capsys.readouterr()
    assert err.startswith(f"cometgraph: {reason}")
    assert (out, err.count("\n")) == ("", 1)
    assert [path.name for path in tmp_path.iterdir()] == [ROWS]


def test_a_variable_in_lower_case_is_shown_as_the_source(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("cometgraph_port", "99")
    monkeypatch.setenv("COMETGRAPH_KEEP", "no")
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setattr("sys.argv", ["cometgraph", "settings", "--threads", "7"])
    assert run() == 0
    rows = {line.split()[0]: line.split()[2:4] for line in capsys.readouterr().out.splitlines()}
    assert [rows[name] for name in ("--port", "--keep", "--threads", "--host")] == [
        ["99", "variable"],
        ["false", "variable"],
        ["7", "flag"],
        ["127.0.0.1", "default"],
    ]
