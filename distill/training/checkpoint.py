"""The state of a training run on disk. A kill leaves the last whole state."""

import hashlib
import json
import math
import shutil
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from schemas.errors import BadFile, BadInput

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@contextmanager
def replaced(folder: Path) -> Generator[Path]:
    """Yield a new folder to fill. It replaces `folder` if the block ends without an error."""
    new, old = folder.with_name(folder.name + ".new"), folder.with_name(folder.name + ".old")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    yield new
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def fingerprint(recipe: "DataclassInstance", *data: Iterable[bytes]) -> str:
    """A SHA-256 of a run's recipe and data: runs with different ones do not share a checkpoint."""
    digest = hashlib.sha256(json.dumps(asdict(recipe), sort_keys=True).encode())
    for part in data:
        rows = hashlib.sha256()  # its own: a row moved to the next part is other data
        for row in part:
            rows.update(row)
        digest.update(rows.digest())
    return digest.hexdigest()


@dataclass(slots=True)
class Checkpoint:
    """The state of a run, in the files checkpoint.pt and log.jsonl.

    out: the folder of both files.
    fingerprint: see `fingerprint`.
    trained: the weights in training, by name.
    optimiser: their optimiser.
    step: steps so far.
    evaluated: the step of the last validation.
    best: the lowest validation loss.
    stalled: validations since the best one.
    lines: the log so far.
    """

    out: Path
    fingerprint: str
    trained: Mapping[str, Tensor]
    optimiser: torch.optim.Optimizer
    step: int = 0
    evaluated: int = 0
    best: float = math.inf
    stalled: int = 0
    lines: list[str] = field(default_factory=list[str])

    @classmethod
    def open(
        cls, out: Path, fingerprint: str, trained: Mapping[str, Tensor], optimiser: torch.optim.Optimizer
    ) -> "Checkpoint":
        """The state in `out`, or a fresh one.

        Raises BadInput for the state of a run with another fingerprint, BadFile for a damaged one.
        """
        out.mkdir(parents=True, exist_ok=True)
        checkpoint = cls(out, fingerprint, trained, optimiser)
        path = out / "checkpoint.pt"
        if path.exists():
            try:
                checkpoint._restore(torch.load(path, map_location="cpu", weights_only=True))
            except BadInput:  # a whole one, of another run
                raise
            except Exception as error:  # torch raises errors of many classes for a damaged file
                raise BadFile(str(path), f"a damaged checkpoint ({type(error).__name__})") from error
        return checkpoint

    def _restore(self, state: dict[str, Any]) -> None:
        if state["fingerprint"] != self.fingerprint:
            raise BadInput.of("out", str(self.out), "a new folder, or the folder of a run with this recipe and data")
        self.step, self.evaluated = state["step"], state["evaluated"]
        self.best, self.stalled = state["best"], state["stalled"]
        self.lines = state["lines"]
        with torch.no_grad():
            for name, tensor in self.trained.items():
                tensor.copy_(state["trained"][name])
        self.optimiser.load_state_dict(state["optimiser"])

    def log(self, **values: Any) -> None:
        """Add a line to the log. `save` writes it, so that log and checkpoint agree."""
        self.lines.append(json.dumps(values))

    def save(self) -> None:
        """Write both files beside the old ones, then replace those."""
        state = {
            "fingerprint": self.fingerprint,
            "step": self.step,
            "evaluated": self.evaluated,
            "best": self.best,
            "stalled": self.stalled,
            "lines": self.lines,
            "trained": {name: tensor.detach() for name, tensor in self.trained.items()},
            "optimiser": self.optimiser.state_dict(),
        }
        torch.save(state, self.out / "checkpoint.pt.new")
        (self.out / "checkpoint.pt.new").replace(self.out / "checkpoint.pt")
        (self.out / "log.jsonl.new").write_text("".join(line + "\n" for line in self.lines))
        (self.out / "log.jsonl.new").replace(self.out / "log.jsonl")
