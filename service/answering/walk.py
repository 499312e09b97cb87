"""A walk through the graph, level by level, with the student where the graph ends."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from graph.links import Tail, event_of
from graph.links.step import MOST_STEPS, READING_OF, Step, StepSearch, place
from graph.paths.pattern import Pattern, any_of, parse
from schemas.errors import BadInput
from schemas.infer import Question
from schemas.models import Critic
from schemas.paths import WalkQuestion
from schemas.relations import RELATIONS, Relation
from schemas.triples import NONE
from service.answering.caller import Caller
from service.answering.cascade import check
from service.answering.generate import generate
from service.answering.questions import SOCIAL
from service.answering.tail_scores import critic_member
from service.runtime.resources import Resources
from service.runtime.wait_policy import WaitPolicy, waiting_as

MOST_EVENTS = 400
"""Events of one level."""


def pattern_of(question: WalkQuestion, longest: int) -> Pattern:
    """The pattern of a question. Raises BadInput."""
    if question.pattern is not None and question.relation:
        raise BadInput.of("pattern", question.pattern, "left out beside `relation`")
    if question.pattern is not None:
        return parse(question.pattern)
    relations = question.relation or (SOCIAL if question.generate else tuple(RELATIONS))
    return any_of(relations, longest)


@dataclass(slots=True)
class Walk:
    """The steps of one question, and what happened on the way.

    Raises BadInput, NoStudent, NotAllowed for a question that the service or the caller may not have.
    """

    question: WalkQuestion
    pattern: Pattern
    resources: Resources
    caller: Caller
    explored: int = 0
    generated: int = 0
    truncated: bool = False
    critic: Critic | None = None
    degraded: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        if self.question.generate:
            check(self._question("a", self.pattern.relations), self.resources, self.caller)

    @property
    def shows_generated(self) -> bool:
        """True for a walk with generated triples."""
        return self.question.generated or self.question.generate

    async def steps(self, events: Sequence[str], *, leaves: bool) -> list[Step]:
        """The stored steps from some events. leaves: with tails that are no events.

        With `generate`, every tail that reads as an event is one.
        """
        generate = self.question.generate
        found = await self._search(events=tuple(events), leaves=leaves or generate)
        if generate:
            found = [_with_event(step) for step in found]
        return found if leaves else [step for step in found if step.event is not None]

    async def steps_to(self, events: Sequence[str], tails: Sequence[str] = ()) -> list[Step]:
        """The stored steps to some events and tails."""
        found = await self._search(events=tuple(events), tails=tuple(tails), backward=True)
        counts = Counter((step.event, step.tail if step.event is None else "") for step in found)
        self.truncated = self.truncated or MOST_STEPS in counts.values()
        return found

    async def written(self, wanted: Mapping[str, Sequence[Relation]], known: Iterable[str]) -> list[Step]:
        """Steps by the student, in one batch, as far as the budget allows.

        wanted: the relations of each event, the most important first.
        known: the events of the graph.
        """
        known, questions = set(known), list[Question]()
        for event, relations in wanted.items():
            rest = self.question.budget - self.generated
            if len(relations) > rest:
                self.truncated = True
                self.note(f"generate: the budget of {self.question.budget} pairs is spent")
            if chosen := tuple(relations[:rest]):
                questions.append(self._question(event, chosen))
                self.generated += len(chosen)
        with waiting_as(WaitPolicy.BATCH):
            parts = await asyncio.gather(*(self._of_student(one, is_known=one.event in known) for one in questions))
        return await self._linked(sorted((step for part in parts for step in part), key=place))

    async def _search(
        self,
        events: tuple[str, ...],
        tails: tuple[str, ...] = (),
        *,
        backward: bool = False,
        leaves: bool = False,
    ) -> list[Step]:
        question = self.question
        search = StepSearch(
            events,
            self.pattern.relations,
            tails,
            backward,
            leaves,
            question.min_p_valid,
            question.min_link,
            self.shows_generated,
        )
        found = await self.resources.store.steps(search) if events or tails else []
        self.explored += len(found)
        return found

    def _question(self, event: str, relations: Sequence[Relation]) -> Question:
        return Question(
            event=event,
            as_is=True,
            relation=tuple(relations),
            mode="generate",
            min_p_valid=self.question.min_p_valid,
            keep=self.question.keep,
        )

    async def _of_student(self, question: Question, *, is_known: bool) -> list[Step]:
        steps = list[Step]()
        parts = generate(
            question.event,
            question,
            question.relation,
            is_known=is_known,
            resources=self.resources,
            caller=self.caller,
        )
        async with aclosing(parts):
            async for part in parts:
                if part.error is not None:
                    self.note(f"generate {question.event}: {part.error}")
                for line in part.skipped:
                    self.note(line)
                self.critic = self.critic or critic_member(part.critic)
                steps += [
                    Step(t.head, t.relation, t.tail, t.p_valid, t.log_prob, is_generated=True, is_live=True)
                    for t in part.triples
                    if t.tail != NONE
                ]
        self.explored += len(steps)
        return steps

    async def _linked(self, steps: Sequence[Step]) -> list[Step]:
        """Steps with the events of the graph that their tails are, else with events of their own."""
        tails: list[Tail] = [(s.tail, reading) for s in steps if (reading := READING_OF[s.relation]) is not None]
        links = {
            (link.inference, link.reading): link
            for link in (await self.resources.store.linked(tails, generated=True) if tails else [])
            if link.confidence >= self.question.min_link
        }
        linked = list[Step]()
        for step in steps:
            reading = READING_OF[step.relation]
            link = links.get((step.tail, reading)) if reading is not None else None
            if link is not None:
                step = replace(step, event=link.event, confidence=link.confidence, rule=link.rule)
            linked.append(_with_event(step))
        return linked

    def note(self, line: str) -> None:
        """Add a line to `degraded`, once."""
        if line not in self.degraded:
            self.degraded.append(line)


def _with_event(step: Step) -> Step:
    """A step whose tail is the event as it reads, if the graph has none for it."""
    reading = READING_OF[step.relation]
    if step.event is not None or reading is None:
        return step
    return replace(step, event=event_of(step.tail, reading))
