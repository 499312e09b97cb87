"""The critic: the probability that a triple is right."""

from typing import Literal

BUNDLED = "minilm-critic"
"""Name of the bundled critic."""

Population = Literal["student", "teacher"]
"""Where triples come from: a student's live tails, or a teacher's raw replies. Their base rates differ."""

POPULATIONS: tuple[Population, ...] = ("student", "teacher")
