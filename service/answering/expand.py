"""GET /expand: the neighborhood of an event, level by level, the best steps of each event."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from graph.links.step import Step, place
from graph.paths.pattern import LONGEST, State
from graph.paths.score import cost
from graph.verbalize import Cast, path
from schemas.errors import BadInput
from schemas.paths import ExpandQuestion, Expansion, ExpansionEdge, ExpansionNode, NodeKind
from schemas.relations import Relation
from service.answering.caller import Caller
from service.answering.ends import start_of
from service.answering.hops import link_of, roles_of, source_of
from service.answering.walk import MOST_EVENTS, Walk, pattern_of
from service.runtime.resources import Resources

MOST_EDGES = 2_000
"""Edges of an answer."""
_DEPTH = 2


@dataclass(frozen=True, slots=True)
class _Place:
    """A node to go on from.

    cost: of the way to it.
    is_swapped: its PersonX is the first event's PersonY.
    is_known: the graph has it.
    """

    text: str
    kind: NodeKind
    state: State
    cost: int = 0
    is_swapped: bool = False
    is_known: bool = True


@dataclass(slots=True)
class _Tree:
    """The nodes and edges so far."""

    nodes: dict[tuple[str, NodeKind], ExpansionNode] = field(default_factory=dict[tuple[str, NodeKind], ExpansionNode])
    edges: dict[tuple[str, Relation, str], ExpansionEdge] = field(
        default_factory=dict[tuple[str, Relation, str], ExpansionEdge]
    )
    swapped: set[tuple[str, Relation, str]] = field(default_factory=set[tuple[str, Relation, str]])
    """The edges whose PersonX is the first event's PersonY."""
    passed: set[tuple[str, State]] = field(default_factory=set[tuple[str, State]])

    def node(self, text: str, kind: NodeKind, depth: int, *, is_swapped: bool) -> int:
        """The id of a node, a new one if it is missing."""
        node = self.nodes.get((text, kind))
        if node is None:
            node = ExpansionNode(len(self.nodes), text, kind, depth, roles_of(text, is_swapped=is_swapped))
            self.nodes[text, kind] = node
        return node.id

    def edge(self, step: Step, head: int, target: int, *, is_swapped: bool) -> None:
        """Add an edge. is_swapped: PersonX of its head is the first event's PersonY."""
        key = (step.head, step.relation, step.tail)
        if key in self.edges:
            return
        if is_swapped:
            self.swapped.add(key)
        self.edges[key] = ExpansionEdge(
            head, step.relation, step.tail, target, step.p_valid, link_of(step), source_of(step), not step.is_live
        )


async def expand(question: ExpandQuestion, resources: Resources, caller: Caller) -> Expansion:
    """The events and inferences around an event.

    Raises BadInput, EventNotFound, NoStudent, NotAllowed, StoreUnavailable. A failure of the student is a line in
    `degraded`.
    """
    started = time.perf_counter()
    backward = question.direction == "backward"
    if backward and question.generate:
        raise BadInput.of("generate", True, "left out with direction=backward: a student writes forward")
    depth = question.depth or (_DEPTH if question.pattern is None else LONGEST)
    walk = Walk(question, pattern_of(question, depth), resources, caller)
    start = await start_of(question.event, walk, or_tail=backward)
    tree = _Tree()
    kind: NodeKind = "inference" if start.is_tail else "event"
    tree.node(start.text.event, kind, 0, is_swapped=False)
    level = [_Place(start.text.event, kind, walk.pattern.start, is_known=start.is_known)]
    for n in range(1, depth + 1):
        steps = await (_steps_to(level, walk) if backward else _steps(level, walk))
        level = _grown(tree, level, steps, walk, question, n, is_last=n == depth)
        if not level:
            break
    answer = Expansion(
        question.event,
        start.text.event,
        start.text.roles,
        start.match,
        list(tree.nodes.values()),
        list(tree.edges.values()),
        walk.truncated,
        walk.generated,
        walk.critic,
        walk.degraded,
    )
    if question.render is not None:
        answer.edges = await asyncio.to_thread(_with_sentences, tree, Cast(question.render, start.text.roles))
    answer.took_ms = round((time.perf_counter() - started) * 1000, 3)
    return answer


async def _steps(level: Sequence[_Place], walk: Walk) -> list[Step]:
    """The steps from a level. The student writes those of events without any."""
    events = list(dict.fromkeys(place.text for place in level))
    found = await walk.steps(events, leaves=True)
    if not walk.question.generate:
        return found
    have = {step.head for step in found}
    wanted = {place.text: walk.pattern.relations_from(place.state) for place in level if place.text not in have}
    return found + await walk.written(wanted, [place.text for place in level if place.is_known])


async def _steps_to(level: Sequence[_Place], walk: Walk) -> list[Step]:
    """The steps to a level."""
    events = dict.fromkeys(place.text for place in level if place.kind == "event")
    tails = dict.fromkeys(place.text for place in level if place.kind == "inference")
    return await walk.steps_to(list(events), list(tails))


def _grown(
    tree: _Tree,
    level: Sequence[_Place],
    steps: Sequence[Step],
    walk: Walk,
    question: ExpandQuestion,
    depth: int,
    *,
    is_last: bool,
) -> list[_Place]:
    """The next level: the tree has the best steps of each place."""
    backward = question.direction == "backward"
    by_place: dict[str, list[Step]] = {}
    for step in steps:
        by_place.setdefault((step.event or step.tail) if backward else step.head, []).append(step)
    following: list[_Place] = []
    for one in level:
        for step, state, goes_on in _best(one, by_place.get(one.text, ()), walk, question, is_last=is_last):
            if len(tree.edges) >= MOST_EDGES:
                walk.truncated = True
                break
            text, kind = _end(step, backward=backward)
            is_swapped = one.is_swapped != step.swaps
            node = tree.node(text, kind, depth, is_swapped=is_swapped)
            here = tree.node(one.text, one.kind, depth, is_swapped=one.is_swapped)
            if backward:
                tree.edge(step, node, here, is_swapped=is_swapped)
            else:
                tree.edge(step, here, node, is_swapped=one.is_swapped)
            if goes_on and (text, state) not in tree.passed:
                tree.passed.add((text, state))
                is_known = backward or step.rule is not None
                following.append(_Place(text, kind, state, one.cost + cost(step), is_swapped, is_known))
    walk.truncated = walk.truncated or len(following) > MOST_EVENTS
    return sorted(following, key=lambda place: (place.cost, place.text))[:MOST_EVENTS]


def _best(
    one: _Place, steps: Sequence[Step], walk: Walk, question: ExpandQuestion, *, is_last: bool
) -> list[tuple[Step, State, bool]]:
    """The steps to show, with the states after them, and True if the walk goes on. Those that go on come first.

    A step where the walk ends must complete the pattern. Of several tails that are one event, the best one stands.
    """
    backward = question.direction == "backward"
    found: dict[tuple[Relation, str, NodeKind], tuple[tuple[object, ...], Step, State, bool]] = {}
    for step in steps:
        state = walk.pattern.after(one.state, step.relation)
        text, kind = _end(step, backward=backward)
        goes_on = not is_last and kind == "event" and walk.pattern.goes_on(state)
        if not state or not (goes_on or walk.pattern.accepts(state)):
            continue
        order = (not goes_on, cost(step, is_linked=goes_on), place(step))
        key = (step.relation, text, kind)
        if key not in found or order < found[key][0]:
            found[key] = (order, step, state, goes_on)
    best = sorted(found.values(), key=lambda entry: entry[0])[: question.width]
    return [(step, state, goes_on) for _, step, state, goes_on in best]


def _end(step: Step, *, backward: bool) -> tuple[str, NodeKind]:
    """The node that a step leads to."""
    if backward:
        return step.head, "event"
    return (step.tail, "inference") if step.event is None else (step.event, "event")


def _with_sentences(tree: _Tree, cast: Cast) -> list[ExpansionEdge]:
    """The edges, each with its sentence. Blocks."""
    return [replace(edge, sentence=path([key], cast, [key in tree.swapped])) for key, edge in tree.edges.items()]
