"""Critics beside the bundled one: of another version, and damaged."""

import json
import shutil
from pathlib import Path

from distill.critic import BUNDLED
from distill.weights.version import version_of
from tests.support.server import ROOT

PRETRAINED = ROOT / "distill" / "critic" / "pretrained" / BUNDLED


def critic_of_another_version(folder: Path, cache: Path) -> Path:
    """A copy of the bundled critic with another calibration for students, under the same name.

    cache: the converted weights of the bundled critic are there. They are those of the copy, too.
    """
    copy = Path(shutil.copytree(PRETRAINED, folder / BUNDLED))
    about = json.loads((copy / "critic.json").read_text())
    about["calibration"]["student"]["offset"] += 1.0
    (copy / "critic.json").write_text(json.dumps(about))
    _copy_weights(copy, cache)
    return copy


def truncated_critic(folder: Path, cache: Path) -> Path:
    """A copy of the bundled critic whose head ends too early."""
    copy = Path(shutil.copytree(PRETRAINED, folder / BUNDLED))
    head = copy / "head.safetensors"
    head.write_bytes(head.read_bytes()[:-5000])
    _copy_weights(copy, cache)
    return copy


def _copy_weights(critic: Path, cache: Path) -> None:
    """Converting them again would take twenty seconds of a test."""
    shutil.copytree(
        cache / f"{BUNDLED}-{version_of(PRETRAINED)}", cache / f"{BUNDLED}-{version_of(critic)}", dirs_exist_ok=True
    )
