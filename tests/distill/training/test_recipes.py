"""Recipes: a value out of bounds is one line, before anything is trained."""

from pathlib import Path

import pytest

from distill.judge.train import Recipe as JudgeRecipe
from distill.student.recipe import Recipe as StudentRecipe
from schemas.errors import BadInput
from service.cli.distill.recipe import recipe_of
from tests.support.server import ROOT, cometgraph

PAIRS = str(ROOT / "distill" / "judge" / "data" / "pairs.tsv")
TRIPLES = str(ROOT / "graph" / "sample.jsonl")


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
def test_a_judges_recipe_has_bounds(field: str, value: str) -> None:
    with pytest.raises(BadInput, match=f"^{field}: "):
        recipe_of(JudgeRecipe, {field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [("learning_rate", "nan"), ("learning_rate", "inf"), ("decay", "nan"), ("seed", "99999999999999999999")],
)
def test_a_students_recipe_has_bounds(field: str, value: str) -> None:
    with pytest.raises(BadInput, match=f"^{field}: "):
        recipe_of(StudentRecipe, {field: value})


@pytest.mark.parametrize("command", [("judge", "--pairs", PAIRS), ("student", "--train", TRIPLES)])
def test_a_bad_recipe_on_the_command_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = cometgraph("distill", *command, "--out", str(tmp_path / "out"), "--learning-rate", "nan")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert done.stderr.startswith("cometgraph: learning_rate: ")
    assert not (tmp_path / "out").exists()
