"""A step of a walk through the graph: a triple, and the event that its tail is."""

from collections.abc import Sequence
from dataclasses import dataclass

from graph.links.phrase import Reading, reading_of
from graph.links.rules import Rule
from schemas.relations import RELATIONS, Relation
from schemas.triples import is_of_students

UNSCORED = 0.868
"""Probability of a triple without a score: the share of ATOMIC-2020's triples that people accept (West et al. 2022,
table 2)."""
MOST_STEPS = 1_000
"""Maximum number of steps to one event or tail. The best ones win."""
READING_OF: dict[Relation, Reading | None] = {relation: reading_of(relation) for relation in RELATIONS}


@dataclass(frozen=True, slots=True)
class Step:
    """A triple, with the link of its tail.

    is_generated: its only origins are students.
    event: the event that the tail is. None: the tail is no event, or none of the graph.
    confidence, rule: of the link.
    is_live: the student wrote it for this question.
    """

    head: str
    relation: Relation
    tail: str
    p_valid: float | None = None
    log_prob: float | None = None
    is_generated: bool = False
    event: str | None = None
    confidence: float = 1.0
    rule: Rule | None = None
    is_live: bool = False

    @property
    def swaps(self) -> bool:
        """True if the tail is about another person, who is PersonX from there on."""
        return RELATIONS[self.relation].whose == "other"


@dataclass(frozen=True, slots=True)
class StepSearch:
    """A search for steps.

    events: forward, the heads of the steps. Backward, the events that their tails are.
    tails: backward, tails of steps, event or not.
    relations: the relations of the steps.
    leaves: forward, include tails without an event.
    min_p_valid: minimum p_valid. It drops triples without one.
    min_link: minimum confidence of a link. A link below it is none.
    generated: include triples and events known from students alone.
    """

    events: tuple[str, ...]
    relations: tuple[Relation, ...]
    tails: tuple[str, ...] = ()
    backward: bool = False
    leaves: bool = False
    min_p_valid: float | None = None
    min_link: float = 0.0
    generated: bool = False

    def linked(self, *, other: bool) -> list[str]:
        """The names of the relations whose tails are events of PersonX, or of another person."""
        reading = "other" if other else "X"
        return [relation.value for relation in self.relations if READING_OF[relation] == reading]


def step_of(
    head: str,
    relation: Relation,
    tail: str,
    p_valid: float | None,
    log_prob: float | None,
    origins: Sequence[str],
    event: str | None = None,
    confidence: float | None = 1.0,
    rule: Rule | None = None,
) -> Step:
    """The step of a stored triple and its link."""
    is_generated = is_of_students(origins)
    return Step(
        head, relation, tail, p_valid, log_prob, is_generated, event, 1.0 if confidence is None else confidence, rule
    )


def place(step: Step) -> tuple[str, str, str, str]:
    """Sort key for the same order from every store."""
    return step.head, step.relation.value, step.tail, step.event or ""
