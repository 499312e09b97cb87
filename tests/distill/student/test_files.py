"""A student's folder: what its description says, and every damage is an error that names the file."""

import json
from pathlib import Path

import pytest

from distill.student.files import BUNDLED, COMET_DISTILL_RELATIONS, StudentFiles, find, is_here
from schemas.errors import BadFile, BadInput
from schemas.relations import Relation

PLAIN = {"recipe": {"prompt_form": "plain"}}


def found(folder: Path, files: dict[str, object], prompt_form: str | None = None) -> StudentFiles:
    """The student of a folder with these JSON files."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return find(str(folder), prompt_form, folder.parent / "cache")


@pytest.mark.parametrize(
    ("files", "form", "relations"),
    [
        ({"config": {}, "student": PLAIN}, "plain", tuple(Relation)),
        ({"adapter_config": {}, "student": PLAIN | {"relations": ["xWant", "xNeed"]}}, "plain", ("xWant", "xNeed")),
        ({"config": {"is_encoder_decoder": True}}, "comet-2020", tuple(Relation)),
        ({"config": {}, "tokenizer": {"added": "[GEN]"}}, "comet-2020", tuple(Relation)),
        ({"config": {}, "added_tokens": {"</head>": 1, "[GEN]": 2}}, "comet-distill", COMET_DISTILL_RELATIONS),
    ],
)
def test_a_folder_tells_its_form_and_relations(
    tmp_path: Path, files: dict[str, object], form: str, relations: tuple[str, ...]
) -> None:
    student = found(tmp_path / "student", files)
    assert (student.form.name, student.relations) == (form, relations)
    assert student.is_adapter is ("adapter_config" in files)
    assert found(tmp_path / "student", {}, "comet-distill").form.name == "comet-distill"


@pytest.mark.parametrize(
    "about",
    [[], "plain", PLAIN | {"relations": ["xFoo"]}, PLAIN | {"relations": 5}, {"recipe": []}, {"recipe": "plain"}],
    ids=repr,
)
def test_a_damaged_description_is_refused_by_name(tmp_path: Path, about: object) -> None:
    with pytest.raises(BadFile, match=r"student\.json"):
        found(tmp_path / "student", {"config": {}, "student": about})


def test_a_student_of_a_relation_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"student\.json: relations: SymbolOf without a file in COMETGRAPH_RELATIONS"):
        found(tmp_path / "student", {"config": {}, "student": PLAIN | {"relations": ["xWant", "SymbolOf"]}})


def test_a_form_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="prompt_form: 'letters'"):
        found(tmp_path / "student", {"config": {}, "student": {"recipe": {"prompt_form": "letters"}}})


@pytest.mark.parametrize("name", ["../../etc", "a/b", "/", "", "über model", "a\0b", "c:\\x", "-", "😀"])
def test_a_name_is_one_folder_of_the_cache(tmp_path: Path, name: str) -> None:
    student = found(tmp_path / "student", {"config": {}, "student": PLAIN | {"name": name}})
    student.cache_dir.mkdir(parents=True)
    assert student.cache_dir.resolve().parent == tmp_path / "cache"
    assert student.cache_dir.name.endswith(f"-{student.version}")


def test_other_weights_have_another_folder_of_the_cache(tmp_path: Path) -> None:
    before = found(tmp_path / "student", {"config": {}, "student": PLAIN})
    folder = before.cache_dir
    (tmp_path / "student" / "model.safetensors").write_bytes(b"weights")
    assert found(tmp_path / "student", {}).cache_dir != folder == before.cache_dir


@pytest.mark.parametrize(
    ("student", "is_local"),
    [
        (BUNDLED, True),
        ("someone/some-model", False),
        ("gpt2", False),
        ("/nowhere/at/all", True),
        ("../nowhere", True),
        ("a/b/c", True),
        ("", True),
        ("no model", True),
    ],
)
def test_only_a_possible_model_id_is_looked_for_elsewhere(student: str, is_local: bool) -> None:
    assert is_here(student) is is_local
    if is_local and student not in (BUNDLED, ""):
        with pytest.raises(BadInput, match="student: "):
            find(student, None, Path("cache"))
