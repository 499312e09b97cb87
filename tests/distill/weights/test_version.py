"""The version of a model: it changes with every byte of its weights and of its description."""

import shutil
from pathlib import Path

import pytest

from distill.weights.minilm import MINILM, folder_of
from distill.weights.version import version_of


def test_the_version_of_the_bundled_embedder_stays() -> None:
    """Indexes name it: another value would make their vectors anew."""
    assert version_of(folder_of(MINILM)) == "76d9c9fef5b5"


@pytest.mark.parametrize("name", ["model.safetensors", "student.json", "adapter_config.json", "1_Dense/model.bin"])
def test_one_byte_in_the_middle_is_another_version(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    content = bytearray(3 << 20)
    path.write_bytes(content)
    before = version_of(tmp_path)
    content[len(content) // 2] = 1
    path.write_bytes(content)
    assert version_of(tmp_path) != before


def test_other_files_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    before = version_of(tmp_path)
    (tmp_path / "README.md").write_text("a card")
    (tmp_path / "loss.svg").write_text("<svg/>")
    assert version_of(tmp_path) == before


def test_a_copy_has_the_version_and_other_names_do_not(tmp_path: Path) -> None:
    one = tmp_path / "one"
    (one / "1_Pooling").mkdir(parents=True)
    for name in ("model.safetensors", "config.json", "1_Pooling/config.json"):
        (one / name).write_text(name)
    copy = shutil.copytree(one, tmp_path / "copy")
    assert version_of(copy) == version_of(one)
    (copy / "config.json").write_text("1_Pooling/config.json")
    (copy / "1_Pooling" / "config.json").write_text("config.json")
    assert version_of(copy) != version_of(one)
    (one / "model.safetensors").rename(one / "other.safetensors")
    assert version_of(one) not in (version_of(copy), version_of(tmp_path / "none"))
