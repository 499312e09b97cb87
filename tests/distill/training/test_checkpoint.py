"""The state of a run on disk: whole or refused, whatever happened to its files."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor

from distill.training.checkpoint import Checkpoint, fingerprint, replaced
from schemas.errors import BadFile


@dataclass(frozen=True, slots=True)
class Recipe:
    rank: int = 4
    base: str = "small"


def weights() -> dict[str, Tensor]:
    return {"up": torch.arange(6.0).reshape(2, 3).requires_grad_(), "down": torch.ones(3).requires_grad_()}


def opened(out: Path) -> Checkpoint:
    trained = weights()
    return Checkpoint.open(out, "key", trained, torch.optim.AdamW(trained.values(), lr=0.1))


def after_a_step(out: Path) -> Checkpoint:
    checkpoint = opened(out)
    sum((tensor.square().sum() for tensor in checkpoint.trained.values()), torch.zeros(())).backward()
    checkpoint.optimiser.step()
    checkpoint.step, checkpoint.evaluated, checkpoint.best = 3, 2, 0.5
    checkpoint.log(step=3, loss=0.5)
    checkpoint.save()
    return checkpoint


def test_a_state_comes_back_whole(tmp_path: Path) -> None:
    before, after = after_a_step(tmp_path / "out"), opened(tmp_path / "out")
    assert (after.step, after.evaluated, after.best, after.lines) == (3, 2, 0.5, before.lines)
    torch.testing.assert_close(dict(after.trained), dict(before.trained), rtol=0, atol=0)
    torch.testing.assert_close(after.optimiser.state_dict(), before.optimiser.state_dict(), rtol=0, atol=0)
    assert not torch.equal(after.trained["up"], weights()["up"])


def cut(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: cut(path, 0),
    "its beginning": lambda path: cut(path, 0.1),
    "all but its end": lambda path: cut(path, 0.99),
    "text": lambda path: path.write_text("step 3"),
    "another file of torch": lambda path: torch.save({"weight": torch.ones(3)}, path),
    "a list": lambda path: torch.save([1, 2], path),
    "no weights": lambda path: torch.save(torch.load(path, weights_only=True) | {"trained": {}}, path),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_state_is_refused_by_name(tmp_path: Path, damage: str) -> None:
    after_a_step(tmp_path)
    DAMAGES[damage](tmp_path / "checkpoint.pt")
    with pytest.raises(BadFile, match=r"checkpoint\.pt: a damaged checkpoint"):
        opened(tmp_path)


def test_what_a_kill_leaves_beside_the_state_does_not_count(tmp_path: Path) -> None:
    log = after_a_step(tmp_path).lines
    for name in ("checkpoint.pt.new", "log.jsonl.new"):
        (tmp_path / name).write_text("half")
    (tmp_path / "log.jsonl").write_text('{"step": 7}\n')  # written, but the state of its steps is lost
    checkpoint = opened(tmp_path)
    assert (checkpoint.step, checkpoint.lines) == (3, log)
    checkpoint.save()
    assert (tmp_path / "log.jsonl").read_text().splitlines() == log
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.pt", "log.jsonl"]


def test_another_recipe_or_other_data_is_another_run() -> None:
    rows = [b"one\n", b"two\n", b"three\n"]
    keys = [
        fingerprint(Recipe(), rows, []),
        fingerprint(Recipe(rank=8), rows, []),
        fingerprint(Recipe(base="large"), rows, []),
        fingerprint(Recipe(), rows[:2], rows[2:]),
        fingerprint(Recipe(), rows[:2], []),
        fingerprint(Recipe(), rows[::-1], []),
        fingerprint(Recipe(), [], rows),
    ]
    assert len(set(keys)) == len(keys)
    assert fingerprint(Recipe(), iter(rows), iter([])) == keys[0]


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "judge"
    for name in ("judge.new", "judge.old"):  # left by a kill
        (tmp_path / name).mkdir()
        (tmp_path / name / "half").write_text("")
    for name in ("first", "second"):
        with replaced(folder) as new:
            (new / name).write_text(name)
        assert [path.name for path in folder.iterdir()] == [name]
        assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_stays_if_its_successor_fails(tmp_path: Path) -> None:
    folder = tmp_path / "judge"
    with replaced(folder) as new:
        (new / "judge.json").write_text("{}")
    with pytest.raises(ZeroDivisionError), replaced(folder) as new:
        (new / "other.json").write_text(str(1 // 0))
    assert [path.name for path in folder.iterdir()] == ["judge.json"]
