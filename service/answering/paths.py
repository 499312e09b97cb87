"""GET /paths: the best paths from an event to an event or a tail.

Levels of steps are collected from both ends until they meet, the smaller end first. So every path within the length
lies among them. With `generate`, the student writes beyond the last events of the start's side.
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from graph.links.step import READING_OF, Step
from graph.paths.best import Goal, ScoredPath, best_paths
from graph.paths.pattern import State
from graph.paths.score import cost
from graph.verbalize import Cast, path
from schemas.paths import Hop, Path, Paths, PathsQuestion
from schemas.relations import RELATIONS, Relation
from service.answering.caller import Caller
from service.answering.ends import goal_of, start_of
from service.answering.hops import link_of, roles_of, source_of
from service.answering.walk import MOST_EVENTS, Walk, pattern_of
from service.runtime.resources import Resources

MOST_STEPS = 20_000
"""Steps of one question."""


async def paths(question: PathsQuestion, resources: Resources, caller: Caller) -> Paths:
    """The best paths. Raises as `expand` does."""
    started = time.perf_counter()
    walk = Walk(question, pattern_of(question, question.length), resources, caller)
    start = await start_of(question.start, walk)
    goal = await goal_of(question.goal, start.text, walk)
    walk.explored, walk.truncated = 0, False  # both count from here
    meeting = _Meeting(walk, start.text.event, goal, question.length)
    await meeting.collect()
    best = meeting.best(question.k)
    if question.generate and len(best) < question.k:
        await meeting.generate(is_known=start.is_known)
        best = meeting.best(question.k)
    cast = Cast(question.render, start.text.roles)
    return Paths(
        start.text.event,
        start.match,
        goal.event or min(goal.tails, default=question.goal),
        await asyncio.to_thread(lambda: [_path(one, cast) for one in best]),  # the first loads a dictionary
        walk.explored,
        walk.truncated,
        walk.generated,
        walk.critic,
        walk.degraded,
        round((time.perf_counter() - started) * 1000, 3),
    )


_NO_STATE: State = frozenset()


@dataclass(frozen=True, slots=True)
class _Reached:
    """An event on the start's side: the cost of the best way to it, its number of steps, the states there."""

    cost: int
    depth: int
    states: frozenset[State]
    is_known: bool = True


@dataclass(slots=True)
class _Meeting:
    """The steps between two ends."""

    walk: Walk
    start: str
    goal: Goal
    length: int
    steps: dict[tuple[str, Relation, str, str | None], Step] = field(
        default_factory=dict[tuple[str, Relation, str, str | None], Step]
    )
    reached: dict[str, _Reached] = field(default_factory=dict[str, _Reached])
    goals: dict[str, int] = field(default_factory=dict[str, int])
    """The events on the goal's side, each with the cost of its best way."""

    async def collect(self) -> None:
        """Walk from both ends, level by level, until they have met.

        A goal with too many steps to it is no help: then the start's side goes all the way.
        """
        walk, goal = self.walk, self.goal
        self.reached[self.start] = _Reached(0, 0, frozenset((walk.pattern.start,)))
        self.goals = {} if goal.event is None else {goal.event: 0}
        forward, events = [self.start], list(self.goals)
        first = self._add(await walk.steps_to(events, sorted(goal.tails)))
        is_cut, walk.truncated = walk.truncated, False
        events = [] if is_cut else self._goals_after(first)
        for n in range(0 if is_cut else 1, self.length):
            if not forward or not (events or is_cut or walk.question.generate):
                return
            if len(self.steps) >= MOST_STEPS:
                walk.truncated = True
                return
            if n > 1 and 0 < len(events) < len(forward):
                found = self._add(await walk.steps_to(self._first(events, self.goals)))
                events = self._goals_after(found)
            else:
                best = {event: self.reached[event].cost for event in forward}
                # Leaves: a common tail has more steps than those read from the goal's side.
                found = self._add(await walk.steps(self._first(forward, best), leaves=bool(goal.tails)))
                forward = [event for event in self._reached_after(found) if self.reached[event].is_known]

    async def generate(self, *, is_known: bool) -> None:
        """Let the student go on from the start's side where the graph ends, the cheapest event first."""
        heads = {step.head for step in self.steps.values()}
        ends = [(one.cost, event) for event, one in self.reached.items() if self._is_end(event, one, heads)]
        wanted: dict[str, list[Relation]] = {}
        for _, event in sorted(ends):
            fitting = {name for state in self.reached[event].states for name in self.walk.pattern.relations_from(state)}
            if names := [name for name in RELATIONS if name in fitting and self._may_reach(name)]:
                wanted[event] = names
        known = {event for event, one in self.reached.items() if one.is_known and (is_known or event != self.start)}
        self._add(await self.walk.written(wanted, known))

    def _is_end(self, event: str, one: _Reached, heads: set[str]) -> bool:
        return event not in heads and one.depth < self.length

    def _may_reach(self, relation: Relation) -> bool:
        """True if a tail of the relation can be the goal or lead to it."""
        return self.goal.event is None or READING_OF[relation] is not None

    def best(self, k: int) -> list[ScoredPath]:
        """The k best paths so far."""
        found = best_paths(self.steps.values(), self.start, self.goal, self.walk.pattern, self.length, k)
        self.walk.truncated = self.walk.truncated or found.is_cut
        return found.paths

    def _first(self, events: list[str], costs: dict[str, int]) -> list[str]:
        """The cheapest MOST_EVENTS events."""
        if len(events) <= MOST_EVENTS:
            return events
        self.walk.truncated = True
        return sorted(events, key=lambda event: (costs[event], event))[:MOST_EVENTS]

    def _add(self, steps: Iterable[Step]) -> list[Step]:
        found = list(steps)
        self.steps |= {(step.head, step.relation, step.tail, step.event): step for step in found}
        return found

    def _reached_after(self, steps: Iterable[Step]) -> list[str]:
        """The new events after some steps of the start's side."""
        after: dict[str, _Reached] = {}
        for step in steps:
            one = self.reached[step.head]
            states = {self.walk.pattern.after(state, step.relation) for state in one.states} - {_NO_STATE}
            if step.event is None or not states:
                continue
            costs = one.cost + cost(step)
            known = after.get(step.event)
            if known is not None:
                costs, states = min(costs, known.cost), states | known.states
            after[step.event] = _Reached(costs, one.depth + 1, frozenset(states), step.rule is not None)
        new = [event for event, one in after.items() if one.states - self._states(event)]
        for event in new:
            before = self.reached.get(event)
            self.reached[event] = after[event] if before is None else _merged(before, after[event])
        return [event for event in new if event != self.goal.event]

    def _states(self, event: str) -> frozenset[State]:
        return self.reached[event].states if event in self.reached else frozenset()

    def _goals_after(self, steps: Iterable[Step]) -> list[str]:
        """The new events before some steps of the goal's side."""
        new: dict[str, int] = {}
        for step in steps:
            of_target = self.goals.get(step.event or "", 0)
            if step.head not in self.goals:
                costs = of_target + cost(step, is_linked=step.event is not None)
                new[step.head] = min(costs, new.get(step.head, costs))
        self.goals |= new
        return [event for event in new if event != self.start]


def _merged(one: _Reached, other: _Reached) -> _Reached:
    return _Reached(min(one.cost, other.cost), min(one.depth, other.depth), one.states | other.states, one.is_known)


def _path(found: ScoredPath, cast: Cast) -> Path:
    """A path as a member of the answer. Blocks."""
    hops: list[Hop] = []
    swapped: list[bool] = []
    is_swapped = False
    for n, step in enumerate(found.steps, 1):
        is_end = found.ends_in_tail and n == len(found.steps)
        hops.append(
            Hop(
                step.head,
                step.relation,
                step.tail,
                step.p_valid,
                None if is_end else link_of(step),
                roles_of(step.head, is_swapped=is_swapped),
                source_of(step),
                not step.is_live,
            )
        )
        swapped.append(is_swapped)
        is_swapped = is_swapped != step.swaps
    text = path([(step.head, step.relation, step.tail) for step in found.steps], cast, swapped)
    return Path(found.score, hops, text)
