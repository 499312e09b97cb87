"""Files that appear whole or not at all."""

from pathlib import Path

import pytest

from graph.atomic_write import atomic_write


def test_the_new_file_takes_the_place_of_the_old_one_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text("old")
    with atomic_write(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text("old")

    def fail() -> None:
        with atomic_write(path) as part:
            part.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_part_of_an_earlier_stop_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "file.json.part").write_text("an earlier and longer part")
    with atomic_write(tmp_path / "file.json") as part, part.open("a") as file:
        file.write("new")
    assert (tmp_path / "file.json").read_text() == "new"
