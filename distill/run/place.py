"""The folder of a run, and the machine that its models may use."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """A place for a run.

    out: its folder.
    log: the call log. Several runs may share one.
    cache: see distill.weights.cache.
    threads: CPU threads of a model.
    """

    out: Path
    log: Path
    cache: Path
    threads: int
