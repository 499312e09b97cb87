"""Factories of the models: parser, embedder, judge, critic, student and sampler, each with its description.

Each model is used once before it is handed over: a first use loads word lists and allocates memory, and no question
should wait for it. Only light modules are imported here, for the memory of the process.
"""

from dataclasses import dataclass
from pathlib import Path

from distill.critic.critic import Critic, open_critic
from distill.embedder.embedder import open_embedder
from distill.engines.decoding import decoding_of
from distill.judge.judge import Candidate, Judge, open_judge
from distill.student.student import Student, StudentCard, StudentSpec, TailRequest, open_sampler, open_student
from graph.normalization import NormalizedEvent, read_event
from graph.normalization.plausibility import check_plausible
from schemas.embeddings import Embedder, EmbedderInfo
from schemas.progress import Progress
from schemas.relations import Relation

_EVENT = "PersonX opens the door"
_CANDIDATES = 10
_SENTENCES = ("Maria's boss yelled at her because she had missed the bus", "I didn't sleep well, so I'm tired")


class Parser:
    """See graph.normalization.read_event and graph.normalization.plausibility.check_plausible."""

    def read(self, event: str, clause: int | None) -> NormalizedEvent:
        """The event of a text."""
        return read_event(event, clause)

    def check_plausible(self, event: str) -> None:
        """Raises BadInput for anything but an English event."""
        check_plausible(event)


def parser(progress: Progress) -> tuple[Parser, None]:
    """The parser and the word list."""
    progress("loading the parser", 0, 0)
    for text in _SENTENCES:
        read_event(text)
    check_plausible(_EVENT)
    return Parser(), None


def embedder(name: str, threads: int, cache: Path, progress: Progress) -> tuple[Embedder, EmbedderInfo]:
    """The embedder of a name."""
    opened = open_embedder(name, threads, cache, progress)
    opened.embed([_EVENT])
    return opened, EmbedderInfo.by(opened)


@dataclass(frozen=True, slots=True)
class JudgeCard:
    """Name and version of a judge.

    threshold: its least confidence for "the same".
    """

    name: str
    version: str
    threshold: float


def judge(name: str, cache: Path, threads: int, progress: Progress) -> tuple[Judge, JudgeCard]:
    """The judge of a name."""
    opened = open_judge(name, cache, threads, progress)
    opened.judge([_EVENT], [[Candidate(f"PersonX closes {n} windows", 0.8) for n in range(_CANDIDATES)]])
    return opened, JudgeCard(opened.name, opened.version, opened.threshold)


@dataclass(frozen=True, slots=True)
class CriticCard:
    """Name and version of a critic."""

    name: str
    version: str

    def __str__(self) -> str:
        """As its scores are stored."""
        return f"{self.name}@{self.version}"


def critic(name: str, cache: Path, threads: int, progress: Progress) -> tuple[Critic, CriticCard]:
    """The critic of a name."""
    opened = open_critic(name, cache, threads, progress)
    opened.p_valid([(_EVENT, Relation.xWant, f"to close {n} windows") for n in range(_CANDIDATES)])
    return opened, CriticCard(opened.name, opened.version)


def student(spec: StudentSpec, progress: Progress) -> tuple[Student, StudentCard]:
    """The student of a specification."""
    opened = open_student(spec, progress)
    if spec.url is None:
        progress("warming up", 0, 0)
        opened.write([TailRequest(_EVENT, opened.card.relations[0], decoding_of("beam"))])
    return opened, opened.card


def sampler(spec: StudentSpec, progress: Progress) -> tuple[Student, StudentCard]:
    """The sampling part of a student."""
    opened = open_sampler(spec, progress)
    return opened, opened.card
