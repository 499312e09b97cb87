"""The best paths through some steps: exact, no event twice.

A search from the start, best first (A*). The bound of a partial path is the cost of its rest as a walk, which may pass
an event twice and so costs no more than a path. A path of n steps has n times the cost that decides, so each length has
its own search in the same queue.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import inf, lcm
from typing import NamedTuple

from graph.links.step import Step
from graph.paths.pattern import LONGEST, Pattern, State
from graph.paths.score import cost, score

_SCALE = lcm(*range(1, LONGEST + 1))
"""Costs times this are divisible by every length."""
MOST_VISITS = 50_000
"""Maximum number of partial paths of a search."""


@dataclass(frozen=True, slots=True)
class Goal:
    """The end of a path.

    event: an event, or None. It is not the start.
    tails: tails, whether they are events or not.
    swaps: True for another person as the goal's PersonX, False for the start's PersonX, None for anybody.
    """

    event: str | None
    tails: frozenset[str] = frozenset()
    swaps: bool | None = None


@dataclass(frozen=True, slots=True)
class ScoredPath:
    """A path and its score, 0 to 1. ends_in_tail: its last tail is the goal itself, so its link does not count."""

    steps: tuple[Step, ...]
    score: float
    ends_in_tail: bool


@dataclass(slots=True)
class BestPaths:
    """The best paths, best first. is_cut: the search reached its limit."""

    paths: list[ScoredPath] = field(default_factory=list[ScoredPath])
    is_cut: bool = False


class _Node(NamedTuple):
    """A place in the search. event: None at the goal."""

    event: str | None
    state: State
    is_swapped: bool


class _Edge(NamedTuple):
    cost: int
    key: tuple[str, str, str]
    """Sort key among steps of one event."""
    step: Step
    event: str | None


class _Search:
    """Edges and bounds of one search."""

    def __init__(self, steps: Iterable[Step], goal: Goal, pattern: Pattern) -> None:
        self.goal = goal
        self.pattern = pattern
        self.edges = _edges(steps, goal)
        self.distance = _distances(self.edges)
        self._bounds: dict[tuple[_Node, int], float] = {}

    def after(self, node: _Node, left: int) -> list[tuple[_Edge, _Node]]:
        """The edges of a node, each with the node after it. left: number of steps to the goal, with this one."""
        found: list[tuple[_Edge, _Node]] = []
        for edge in self.edges.get(node.event or "", ()):
            if self.distance.get(edge.event, inf) > left - 1 or (edge.event is None) != (left == 1):
                continue
            if state := self.pattern.after(node.state, edge.step.relation):
                found.append((edge, _Node(edge.event, state, node.is_swapped != edge.step.swaps)))
        return found

    def bound(self, node: _Node, left: int) -> float:
        """The least cost from a node to the goal in exactly `left` steps."""
        if left == 0:
            fits = self.pattern.accepts(node.state) and self.goal.swaps in (None, node.is_swapped)
            return 0 if fits else inf
        key = (node, left)
        if key not in self._bounds:
            after = self.after(node, left)
            self._bounds[key] = min((edge.cost + self.bound(other, left - 1) for edge, other in after), default=inf)
        return self._bounds[key]


def best_paths(steps: Iterable[Step], start: str, goal: Goal, pattern: Pattern, longest: int, k: int) -> BestPaths:
    """The k best paths of at most `longest` steps. Paths that differ in no event and no relation count once."""
    search, found = _Search(steps, goal, pattern), BestPaths()
    root = _Node(start, pattern.start, False)
    queue: list[tuple[int, int, tuple[tuple[str, str, str], ...], int, _Node, tuple[_Edge, ...]]] = []

    def push(length: int, costs: int, node: _Node, path: tuple[_Edge, ...]) -> None:
        bound = costs + search.bound(node, length - len(path))
        if bound < inf:
            keys = tuple(edge.key for edge in path)
            heappush(queue, (int(bound) * (_SCALE // length), length, keys, costs, node, path))

    for length in range(1, longest + 1):
        push(length, 0, root, ())
    visits = 0
    while queue and len(found.paths) < k:
        visits += 1
        if visits > MOST_VISITS:
            found.is_cut = True
            break
        _, length, _, costs, node, path = heappop(queue)
        if len(path) == length:
            taken = tuple(edge.step for edge in path)
            found.paths.append(ScoredPath(taken, round(score(costs, length), 6), taken[-1].tail in goal.tails))
            continue
        passed = {start, *(edge.event for edge in path)}
        for edge, other in search.after(node, length - len(path)):
            if edge.event is None or edge.event not in passed:
                push(length, costs + edge.cost, other, (*path, edge))
    return found


def _edges(steps: Iterable[Step], goal: Goal) -> dict[str, list[_Edge]]:
    """The best step for each head, relation and event, by head. None as the event: the goal."""
    best: dict[tuple[str, str, str | None], _Edge] = {}

    def add(step: Step, event: str | None, *, is_linked: bool) -> None:
        edge = _Edge(cost(step, is_linked=is_linked), (step.relation.value, step.tail, event or ""), step, event)
        key = (step.head, step.relation.value, event)
        if key not in best or (edge.cost, edge.key) < (best[key].cost, best[key].key):
            best[key] = edge

    for step in steps:
        if step.tail in goal.tails:
            add(step, None, is_linked=False)
        elif step.event is not None and step.event == goal.event:
            add(step, None, is_linked=True)
        if step.event is not None and step.event != goal.event:
            add(step, step.event, is_linked=True)
    edges: dict[str, list[_Edge]] = {}
    for (head, _, _), edge in best.items():
        edges.setdefault(head, []).append(edge)
    return edges


def _distances(edges: dict[str, list[_Edge]]) -> dict[str | None, int]:
    """The least number of steps from each event to the goal."""
    into: dict[str | None, list[str]] = {}
    for head, of_head in edges.items():
        for edge in of_head:
            into.setdefault(edge.event, []).append(head)
    found: dict[str | None, int] = {None: 0}
    level: list[str | None] = [None]
    distance = 0
    while level:
        distance += 1
        level = [
            head for head in dict.fromkeys(head for event in level for head in into.get(event, ())) if head not in found
        ]
        found |= dict.fromkeys(level, distance)
    return found
