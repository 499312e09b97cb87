"""Recipes: a value out of bounds is one line, before anything is trained."""

from pathlib import Path

import pytest

from schemas.errors import BadInput
from service.cli.distill import judge, student
from tests.support.server import ROOT, cometgraph

PAIRS = str(ROOT / "distill" / "judge" / "data" / "pairs.tsv")
JUDGE = {"pairs": (PAIRS,), "heads": ()}
STUDENT = {"train": (str(ROOT / "graph" / "sample.jsonl"),), "validation": ()}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", "0"),
        ("batch", "0"),
        ("batch", "-5"),
        ("rank", "0"),
        ("rank", "-1"),
        ("learning_rate", "nan"),
        ("learning_rate", "inf"),
        ("learning_rate", "0"),
        ("precision", "7"),
        ("precision", "nan"),
        ("derived", "-1"),
        ("derived_weight", "-0.5"),
        ("derived_weight", "inf"),
        ("seed", "-1"),
        ("seed", "99999999999999999999"),
    ],
)
def test_a_judges_recipe_has_bounds(tmp_path: Path, field: str, value: str) -> None:
    with pytest.raises(BadInput, match=f"^{field}: "):
        judge({**JUDGE, "out": str(tmp_path / "out"), field: value})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("learning_rate", "nan"), ("learning_rate", "inf"), ("decay", "nan"), ("seed", "99999999999999999999")],
)
def test_a_students_recipe_has_bounds(tmp_path: Path, field: str, value: str) -> None:
    with pytest.raises(BadInput, match=f"^{field}: "):
        student({**STUDENT, "out": str(tmp_path / "out"), field: value})
    assert not (tmp_path / "out").exists()


def test_a_bad_recipe_on_the_command_line(tmp_path: Path) -> None:
    done = cometgraph("distill", "judge", "--pairs", PAIRS, "--out", str(tmp_path / "out"), "--epochs", "0")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert done.stderr.startswith("cometgraph: epochs: ")
