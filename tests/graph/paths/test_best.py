"""The best paths: the same as networkx finds by looking at all of them."""

import random
from typing import Any

import networkx as nx
import pytest

from graph.links.step import UNSCORED, Step
from graph.paths.best import BestPaths, Goal, best_paths
from graph.paths.pattern import LONGEST, any_of, parse
from graph.paths.score import cost, probability, score
from schemas.relations import Relation

RELATIONS = (Relation.xWant, Relation.xEffect, Relation.oWant)
GOAL = Goal("e1", frozenset({"t1a"}))


def step(head: str, relation: str, event: str | None, p_valid: float | None = 0.5, **values: Any) -> Step:
    return Step(head, Relation(relation), values.pop("tail", f"to {event}"), p_valid, event=event, **values)


def found(paths: BestPaths) -> list[list[str]]:
    return [[one.head for one in path.steps] for path in paths.paths]


def drawn(seed: int) -> tuple[list[Step], int]:
    """Random steps between a few events, and a length."""
    rng = random.Random(seed)
    events = rng.randint(4, 9)
    steps: list[Step] = []
    for _ in range(rng.randint(5, 40)):
        head, target = rng.sample(range(events), 2)
        event = f"e{target}" if rng.random() < 0.9 else None
        p_valid, confidence = rng.choice([None, 0.3, 0.5, 0.8]), rng.choice([1.0, 0.9])
        tail = f"t{target}{rng.choice('ab')}"
        steps.append(Step(f"e{head}", rng.choice(RELATIONS), tail, p_valid, None, False, event, confidence))
    return steps, rng.randint(1, 5)


def by_networkx(steps: list[Step], goal: Goal, longest: int) -> list[tuple[int, int, tuple[Any, ...]]]:
    """All simple paths, best first: cost by length, length, and the keys of their steps."""
    graph: Any = nx.MultiDiGraph()
    for one in steps:
        is_tail = one.tail in goal.tails
        targets = ["GOAL"] if is_tail or (one.event is not None and one.event == goal.event) else []
        if one.event is not None and one.event != goal.event:
            targets.append(one.event)
        for target in targets:
            costs = cost(one, is_linked=not (target == "GOAL" and is_tail))
            value = (costs, (one.relation.value, one.tail, "" if target == "GOAL" else target))
            edge = graph.get_edge_data(one.head, target, one.relation.value)
            if edge is None or value < edge["value"]:
                graph.add_edge(one.head, target, key=one.relation.value, value=value)
    if "e0" not in graph or "GOAL" not in graph:
        return []
    paths = []
    for path in nx.all_simple_edge_paths(graph, "e0", "GOAL", cutoff=longest):
        values = [graph[head][target][name]["value"] for head, target, name in path]
        paths.append((sum(v for v, _ in values) * 60 // len(path), len(path), tuple(key for _, key in values)))
    return sorted(paths)


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_the_best_paths_are_those_of_networkx(start: int) -> None:
    number = 0
    for seed in range(start, start + 50):
        steps, longest = drawn(seed)
        wanted = by_networkx(steps, GOAL, longest)[:7]
        best = best_paths(steps, "e0", GOAL, any_of(RELATIONS, longest), longest, 7)
        got = [tuple((one.relation.value, one.tail) for one in path.steps) for path in best.paths]
        assert got == [tuple(key[:2] for key in keys) for _, _, keys in wanted], seed
        assert [path.score for path in best.paths] == sorted((path.score for path in best.paths), reverse=True)
        number += len(got)
    assert number > 50  # most graphs have paths


def test_the_order_of_the_steps_does_not_matter() -> None:
    steps, longest = drawn(7)
    pattern = any_of(RELATIONS, longest)
    wanted = best_paths(steps, "e0", GOAL, pattern, longest, 7)
    for seed in range(5):
        shuffled = random.Random(seed).sample(steps, len(steps))
        assert best_paths(shuffled, "e0", GOAL, pattern, longest, 7) == wanted


def test_no_event_comes_twice() -> None:
    steps = [step("a", "xWant", "b"), step("b", "xWant", "c"), step("c", "xWant", "b"), step("c", "xWant", "goal", 0.1)]
    steps += [step("c", "xEffect", "a", 0.99), step("b", "xEffect", "a", 0.99)]
    assert found(best_paths(steps, "a", Goal("goal"), any_of(RELATIONS, LONGEST), LONGEST, 9)) == [["a", "b", "c"]]


def test_paths_of_a_pattern() -> None:
    steps = [
        step("a", "xWant", "b"),
        step("a", "xEffect", "b"),
        step("b", "xEffect", "goal"),
        step("a", "xWant", "goal"),
    ]
    goal = Goal("goal")

    def relations(pattern: str) -> list[list[str]]:
        best = best_paths(steps, "a", goal, parse(pattern), 3, 9)
        return [[one.relation.value for one in path.steps] for path in best.paths]

    assert relations("xWant>xEffect") == [["xWant", "xEffect"]]
    assert relations("xWant") == [["xWant"]]
    assert relations("(xWant|xEffect){1,2}") == [["xWant"], ["xEffect", "xEffect"], ["xWant", "xEffect"]]


def test_a_goal_about_the_other_person() -> None:
    steps = [
        step("a", "oWant", "b"),
        step("a", "xWant", "b"),
        step("b", "xEffect", "goal"),
        step("b", "oEffect", "goal"),
    ]
    pattern = any_of([*RELATIONS, Relation.oEffect], 2)

    def relations(swaps: bool | None) -> list[list[str]]:
        best = best_paths(steps, "a", Goal("goal", swaps=swaps), pattern, 2, 9)
        return [[one.relation.value for one in path.steps] for path in best.paths]

    assert relations(True) == [["oWant", "xEffect"], ["xWant", "oEffect"]]
    assert relations(False) == [["oWant", "oEffect"], ["xWant", "xEffect"]]
    assert len(relations(None)) == 4


def test_a_tail_as_the_goal_needs_no_link() -> None:
    steps = [step("a", "xEffect", "b", tail="gets b", confidence=0.5), step("a", "xWant", "b", confidence=0.9)]
    best = best_paths(steps, "a", Goal("b", frozenset({"gets b"})), any_of(RELATIONS, 1), 1, 9)
    assert [(path.ends_in_tail, path.score) for path in best.paths] == [(True, 0.5), (False, 0.45)]


def test_scores() -> None:
    assert probability(step("a", "xWant", "b", 0.25)) == 0.25
    assert probability(step("a", "xWant", "b", None)) == UNSCORED
    assert probability(step("a", "xWant", "b", None, tail="to go", log_prob=-3.0)) == pytest.approx(0.36788, abs=1e-5)
    assert score(cost(step("a", "xWant", "b", 0.5)) + cost(step("b", "xWant", "c", 0.125)), 2) == pytest.approx(0.25)
    assert 0 < score(cost(step("a", "xWant", "b", 0.0)), 1) < 1e-5  # certainly wrong, and still a number


def test_a_search_has_an_end() -> None:
    """Where everything leads everywhere, the search stops and tells it."""
    events = [f"e{n}" for n in range(40)]
    pairs = [(a, b) for a in range(40) for b in range(40) if a != b]
    steps = [step(events[a], "xWant", events[b], 0.5 + (3 * a + 5 * b) % 7 / 100) for a, b in pairs]
    best = best_paths(steps, "e0", Goal("e1", swaps=True), any_of([Relation.xWant], LONGEST), LONGEST, 50)
    assert (best.paths, best.is_cut) == ([], False)  # nobody else is in it: no bound is finite
    best = best_paths(steps, "e0", Goal("e1"), any_of([Relation.xWant], LONGEST), LONGEST, 50)
    assert len(best.paths) == 50
