"""A training run that can be killed: its state is on disk whole, or as it was before."""

import json
import math
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from schemas.errors import BadInput


@contextmanager
def replaced(folder: Path) -> Generator[Path]:
    """A new folder to fill; it takes the place of `folder` when the block ends without an error."""
    new, old = folder.with_name(folder.name + ".new"), folder.with_name(folder.name + ".old")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    yield new
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


@dataclass(slots=True)
class Checkpoint:
    """Step, the last one evaluated, best validation loss, trained weights and optimiser of a run, and its log."""

    out: Path
    fingerprint: str
    trained: Mapping[str, Tensor]
    optimiser: torch.optim.Optimizer
    step: int = 0
    evaluated: int = 0
    best: float = math.inf
    lines: list[str] = field(default_factory=list[str])

    @classmethod
    def open(
        cls, out: Path, fingerprint: str, trained: Mapping[str, Tensor], optimiser: torch.optim.Optimizer
    ) -> "Checkpoint":
        """What an earlier run left in `out`, or a fresh start. Raises BadInput where that was another run."""
        made = cls(out, fingerprint, trained, optimiser)
        path = out / "checkpoint.pt"
        if path.exists():
            made._restore(torch.load(path, weights_only=True))
        return made

    def _restore(self, state: dict[str, Any]) -> None:
        if state["fingerprint"] != self.fingerprint:
            raise BadInput.of("out", str(self.out), "a new folder, or that of the same recipe and triples")
        self.step, self.evaluated, self.best = state["step"], state["evaluated"], state["best"]
        self.lines = state["lines"]
        with torch.no_grad():
            for name, tensor in self.trained.items():
                tensor.copy_(state["trained"][name])
        self.optimiser.load_state_dict(state["optimiser"])

    def log(self, **what: Any) -> None:
        """Add a line to log.jsonl; it is written with the next checkpoint, so that the two never disagree."""
        self.lines.append(json.dumps(what))

    def save(self) -> None:
        """Write all to disk; what was there is replaced at once."""
        state = {
            "fingerprint": self.fingerprint,
            "step": self.step,
            "evaluated": self.evaluated,
            "best": self.best,
            "lines": self.lines,
            "trained": {name: tensor.detach() for name, tensor in self.trained.items()},
            "optimiser": self.optimiser.state_dict(),
        }
        torch.save(state, self.out / "checkpoint.pt.new")
        (self.out / "checkpoint.pt.new").replace(self.out / "checkpoint.pt")
        (self.out / "log.jsonl.new").write_text("".join(line + "\n" for line in self.lines))
        (self.out / "log.jsonl.new").replace(self.out / "log.jsonl")
