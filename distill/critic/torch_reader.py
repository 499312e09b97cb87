"""A critic by torch: for a base that CTranslate2 does not have. It reads one triple at a time."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from distill.critic.model import restore_model
from schemas.progress import Progress


class TorchReader:
    """See distill.critic.critic.Reader. In a batch rounding would depend on its size."""

    def __init__(self, folder: Path, base: str, threads: int, progress: Progress) -> None:
        """Load a critic. Raises BadInput, BadFile."""
        progress("loading the critic", 0, 0)
        torch.set_num_threads(threads)
        self._model = restore_model(folder, base, "cpu")
        self._model.module.eval()

    def logits(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        with torch.no_grad():
            return np.array([float(self._model.logits([pair])[0]) for pair in pairs])

    def close(self) -> None:
        del self._model
