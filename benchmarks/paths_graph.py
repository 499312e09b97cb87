"""All linked steps of a store as a graph of networkx, and all paths between two events of it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import networkx as nx

from graph.links.step import Step, StepSearch
from graph.paths.score import cost
from graph.stores.protocol import Search, Store
from schemas.relations import RELATIONS

_PAGE = 1_000
_SCALE = 60
"""Costs times this are divisible by every length up to 6."""
_SHORTEST, _LONGEST = 2, 4
"""Steps of the walks that draw pairs."""
Key = tuple[str, str, str]
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True, order=True)
class WholePath:
    """A path. Cost by length, length and the keys of the steps are its place."""

    cost: int
    length: int
    keys: tuple[Key, ...]
    steps: tuple[Step, ...] = field(compare=False)


class WholeGraph:
    """The steps of a store without its limits: the best one for each head, relation and event.

    events: all of the store, in order.
    steps: those with a link, and those whose tail is the text of an event. All of them, the best or not.
    """

    def __init__(self, events: Sequence[str], steps: Sequence[Step]) -> None:
        known = set(events)
        self.events = events
        self.steps = [step for step in steps if step.event is not None or step.tail in known]
        self.graph: Any = nx.MultiDiGraph()
        self._in_words: dict[str, list[Step]] = {}
        """Steps by their tail, if it is the text of an event. It needs no link at the end of a path."""
        for step in self.steps:
            if step.event is not None:
                self._add(step, step.event, step.event, is_linked=True)
            if step.tail in known:
                self._in_words.setdefault(step.tail, []).append(step)

    def after(self, event: str) -> list[str]:
        """The events after an event."""
        return sorted(set(self.graph.successors(event)) - {event}) if event in self.graph else []

    def between(self, start: str, goal: str, longest: int) -> list[WholePath]:
        """All paths of two events without an event twice, best first."""
        graph = self.graph
        graph.add_nodes_from((start, goal))
        linked = list(graph.in_edges(goal, keys=True, data="value"))
        for head, _, relation, (costs, (_, tail, _), step) in linked:
            graph.add_edge(head, goal, key=relation, value=(costs, (relation, tail, ""), step))
        for step in self._in_words.get(goal, ()):
            self._add(step, goal, "", is_linked=False)
        paths = nx.all_simple_edge_paths(graph, start, goal, cutoff=longest)
        found = sorted(_path([graph[head][target][name]["value"] for head, target, name in path]) for path in paths)
        graph.remove_edges_from(list(graph.in_edges(goal, keys=True)))
        graph.add_edges_from((head, goal, relation, {"value": value}) for head, _, relation, value in linked)
        return found

    def _add(self, step: Step, event: str, in_key: str, *, is_linked: bool) -> None:
        """Add a step to an event, unless it has a better one of the relation."""
        value = (cost(step, is_linked=is_linked), (step.relation.value, step.tail, in_key), step)
        known = self.graph.get_edge_data(step.head, event, step.relation.value)
        if known is None or value[:2] < known["value"][:2]:
            self.graph.add_edge(step.head, event, key=step.relation.value, value=value)


def _path(values: Sequence[tuple[int, Key, Step]]) -> WholePath:
    costs = sum(costs for costs, _, _ in values) * _SCALE // len(values)
    return WholePath(costs, len(values), tuple(key for _, key, _ in values), tuple(step for _, _, step in values))


async def read_whole(store: Store) -> WholeGraph:
    """Read all events and steps of a store."""
    events, steps = list[str](), list[Step]()
    while page := await store.events(Search(limit=_PAGE, after=events[-1] if events else "")):
        events += page
        steps += await store.steps(StepSearch(tuple(page), tuple(RELATIONS), leaves=True))
    return WholeGraph(events, steps)


def pairs_by_walks(whole: WholeGraph, number: int, rng: random.Random) -> list[Pair]:
    """Pairs of events, the ends of random walks of two to four steps."""
    found: dict[Pair, None] = {}
    while len(found) < number:
        passed = [rng.choice(whole.events)]
        for _ in range(rng.randint(_SHORTEST, _LONGEST)):
            following = [event for event in whole.after(passed[-1]) if event not in passed]
            if not following:
                break
            passed.append(rng.choice(following))
        else:
            found[passed[0], passed[-1]] = None
    return list(found)


def pairs_at_random(whole: WholeGraph, number: int, rng: random.Random) -> list[Pair]:
    """Pairs of unrelated events."""
    return [(start, goal) for start, goal in (rng.sample(whole.events, 2) for _ in range(number))]
