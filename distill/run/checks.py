"""What a run needs beside its teacher, looked at before the first call is paid."""

from pathlib import Path

from distill.critic.critic import critic_folder
from distill.critic.labels import read_labels
from distill.run.config import Config
from schemas.errors import BadInput


def check(config: Config, last: str) -> None:
    """Look at the labels, the critic, and the bases of critic and student. last: the last stage of the run.

    Raises BadInput for an unknown critic or base, BadFile for unreadable labels.
    """
    if last in ("events", "inferences"):
        return
    if config.critic.labels:
        for file in config.critic.labels:
            for _ in read_labels(Path(file)):
                pass
        _check_base(config.critic.recipe.base, causal=False)
    elif config.filter.uses_critic:
        critic_folder(config.critic.name)
    if last == "student" and config.student is not None:
        _check_base(config.student.base, causal=True)


def _check_base(base: str, *, causal: bool) -> None:
    """Raises BadInput for a base that does not exist, or is no causal model where one is needed."""
    from distill.critic.model import kind_of  # they import torch
    from distill.weights.base_models import SMOLLM2

    if kind_of(base) != "causal" and causal:
        raise BadInput.of("base", base, f"{SMOLLM2}, or a folder or Hugging Face model id of a causal model")
