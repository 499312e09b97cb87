"""The critic: probabilities that triples are right.

A base model with an adapter reads each triple once. The calibration of a population turns its logits into
probabilities. See distill/critic/pretrained/minilm-critic/README.md for their meaning.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from distill.critic import BUNDLED, POPULATIONS, Population
from distill.critic.calibration import Calibration
from distill.critic.inputs import texts
from distill.weights.convert import NotConvertible
from distill.weights.version import version_of
from schemas.errors import BadFile, BadInput
from schemas.progress import Progress
from schemas.relations import Relation
from schemas.triples import says_none

_PRETRAINED = Path(__file__).parent / "pretrained"


class Reader(Protocol):
    """A model that reads triples."""

    def logits(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """A logit of "valid" for each pair of texts of distill.critic.inputs, the same in any batch."""
        ...

    def close(self) -> None:
        """Free the model."""
        ...


@dataclass(slots=True)
class Critic:
    """A reader and its calibrations. Calls block, and must not overlap.

    version: digest of weights and calibrations.
    """

    name: str
    version: str
    _reader: Reader
    _calibrations: Mapping[Population, Calibration]

    def __str__(self) -> str:
        """As its scores are stored."""
        return f"{self.name}@{self.version}"

    def p_valid(
        self, triples: Sequence[tuple[str, Relation, str]], population: Population = "student"
    ) -> NDArray[np.float64]:
        """The calibrated probability of each (event, relation, tail), (triples,).

        Raises ValueError for a tail of `none`: it says that the relation does not apply, and is no inference.
        """
        if any(says_none(tail) for _, _, tail in triples):
            raise ValueError("a critic reads inferences, not the tail none")
        return self._calibrations[population].p_valid(self._reader.logits([texts(*triple) for triple in triples]))

    def cutoffs(self, population: Population) -> dict[str, float]:
        """For each level of recall, "0.5" to "0.9", the lowest p_valid of a kept triple."""
        return dict(self._calibrations[population].cutoffs)

    def close(self) -> None:
        """Free the model."""
        self._reader.close()


def critic_folder(name: str) -> Path:
    """The folder of the bundled critic, or of another one. Raises BadInput without a critic in it."""
    folder = _PRETRAINED / name if name == BUNDLED else Path(name)
    if not (folder / "critic.json").exists():
        raise BadInput.of("critic", name, f"{BUNDLED}, or a folder with a critic.json")
    return folder


def open_critic(name: str, cache: Path, threads: int, progress: Progress) -> Critic:
    """The bundled critic, or one from `cometgraph distill critic`. Its first use converts it.

    name: of the bundled critic, or a folder.
    cache: folder for converted models.
    threads: on the CPU.
    progress: for the conversion.

    Raises BadInput without a critic in the folder, BadFile for a damaged one, Unavailable after a failed conversion.
    """
    folder = critic_folder(name)
    try:
        about = json.loads((folder / "critic.json").read_text("utf-8"))
        base, kind = str(about["recipe"]["base"]), str(about["kind"])
        calibrations: dict[Population, Calibration] = {p: Calibration(**about["calibration"][p]) for p in POPULATIONS}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadFile(str(folder / "critic.json"), f"not a critic's description ({error})") from error
    version = version_of(folder)
    reader = _reader(kind, folder, base, cache / f"{folder.name}-{version}", threads, progress)
    return Critic(folder.name, version, reader, calibrations)


def _reader(kind: str, folder: Path, base: str, cache_dir: Path, threads: int, progress: Progress) -> Reader:
    if kind == "causal":
        from distill.critic.causal_reader import open_reader
    else:
        from distill.critic.encoder_reader import open_reader
    try:
        return open_reader(folder, base, cache_dir, threads, progress)
    except NotConvertible as error:
        progress(f"torch takes the place of CTranslate2: {error}", 0, 0)
    from distill.critic.torch_reader import TorchReader

    return TorchReader(folder, base, threads, progress)
