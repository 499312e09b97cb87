"""The drawn loss of a run."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from distill.training.plot import plot

SVG = "{http://www.w3.org/2000/svg}"


def drawn(folder: Path, losses: list[float], validation: dict[int, float], name: str = "loss.svg") -> str:
    lines = [{"step": step, "loss": loss, "tokens_per_second": 9.0} for step, loss in enumerate(losses, 1)]
    checked = [{"step": step, "validation_loss": loss} for step, loss in validation.items()]
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in [*lines, *checked]))
    plot(folder / "log.jsonl", folder / name)
    return (folder / name).read_text()


def texts(svg: str) -> list[str]:
    return ["".join(node.itertext()).strip() for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def heights(svg: str) -> list[float]:
    """The numbers beside the loss axis."""
    [axis] = [node for node in ElementTree.fromstring(svg).iter(f"{SVG}g") if node.get("id") == "matplotlib.axis_2"]
    found = ["".join(node.itertext()).strip() for node in axis.iter(f"{SVG}text")]
    return [float(text.replace("\N{MINUS SIGN}", "-")) for text in found if text[-1:].isdigit()]


def test_both_losses_are_drawn_with_their_names(tmp_path: Path) -> None:
    svg = drawn(tmp_path, [3.0, 2.0, 1.5, 1.2], {2: 1.9, 4: 1.4})
    assert {"training, each batch", "validation", "step", "loss, nats a token"} <= set(texts(svg))
    assert drawn(tmp_path, [3.0, 2.0, 1.5, 1.2], {2: 1.9, 4: 1.4}, "again.svg") == svg


@pytest.mark.parametrize(("first", "highest"), [(60.0, 5.0), (2.0, 2.0)])
def test_a_high_first_loss_does_not_hide_the_others(tmp_path: Path, first: float, highest: float) -> None:
    shown = heights(drawn(tmp_path, [first, 1.9, 1.5], {3: 1.4}))
    assert len(shown) > 2
    assert min(shown) >= 0
    assert max(shown) <= highest


def test_a_run_of_one_step_is_drawn(tmp_path: Path) -> None:
    assert "validation" in texts(drawn(tmp_path, [2.0], {1: 1.9}))
