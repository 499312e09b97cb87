"""`cometgraph load`: what a script sees of a load without a usable row."""

from pathlib import Path

from tests.support.server import cometgraph

GOOD = "PersonX buys a boat\txWant\tto sail\n"
BAD = "PersonX buys a boat\txHopes\tto sail\n"


def test_a_load_with_all_rows_rejected_fails_and_says_why(tmp_path: Path) -> None:
    file = tmp_path / "[b]rows.tsv"
    file.write_text(BAD * 3)
    done = cometgraph("load", str(file), "--store", str(tmp_path / "store"))
    assert done.returncode == 1
    assert "rejected 3" in done.stdout
    assert "all rows are rejected; [b]rows.tsv, line 1: relation: 'xHopes' is not one of" in done.stderr


def test_a_load_with_some_rows_rejected_succeeds(tmp_path: Path) -> None:
    file = tmp_path / "rows.tsv"
    file.write_text(BAD + GOOD)
    done = cometgraph("load", str(file), "--store", str(tmp_path / "store"))
    assert (done.returncode, "all rows" in done.stderr) == (0, False)


def test_a_load_without_rows_succeeds(tmp_path: Path) -> None:
    file = tmp_path / "rows.tsv"
    file.write_text("head\trelation\ttail\n")
    done = cometgraph("load", str(file), "--store", str(tmp_path / "store"))
    assert done.returncode == 0, done.stderr
