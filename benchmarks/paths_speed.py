"""The times of /expand and /paths beside the driver and networkx, and whether the best paths are the same."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.cypher_alone import Alone
from benchmarks.paths_graph import Key, Pair, WholeGraph
from schemas.paths import ExpandQuestion, Paths, PathsQuestion
from schemas.relations import RELATIONS
from service.answering.caller import LOCAL
from service.answering.expand import expand
from service.answering.paths import paths
from service.runtime.resources import Resources

DEPTH, WIDTH = 3, 5
K, LENGTH = 5, 4
_STEPS_OF = (
    "MATCH (:Event {text: $event})-[r]->(i:Inference) OPTIONAL MATCH (i)-[l:AS_EVENT]->(t:Event) "
    "RETURN label(r), i.text, r.p_valid, l.confidence, t.text"
)
_ALL_PATHS = (
    f"MATCH p = (:Event {{text: $start}})-[:{'|'.join(RELATIONS)}|AS_EVENT* ACYCLIC 2..{2 * LENGTH}]->"
    "(:Event {text: $goal}) RETURN p"
)


@dataclass(slots=True)
class Speed:
    """Seconds of each question."""

    ours: list[float] = field(default_factory=list[float])
    driver: list[float] = field(default_factory=list[float])
    networkx: list[float] = field(default_factory=list[float])

    def ms(self, percent: int) -> dict[str, float]:
        """A percentile of each side, in milliseconds."""
        sides = {"ours": self.ours, "driver": self.driver, "networkx": self.networkx}
        return {name: round(1000 * float(np.percentile(one, percent)), 2) for name, one in sides.items() if one}

    def as_dict(self) -> dict[str, Any]:
        p50 = self.ms(50)
        ratios = {name: round(p50["ours"] / value, 3) for name, value in p50.items() if name != "ours"}
        return {"p50_ms": p50, "p99_ms": self.ms(99), "ratio of p50": ratios}


@dataclass(slots=True)
class Agreement:
    """The best paths beside those of networkx."""

    pairs: int = 0
    by_paths: Counter[int] = field(default_factory=Counter[int])
    """Pairs by their number of paths, up to K."""
    different: list[str] = field(default_factory=list[str])
    """The pairs with other paths."""
    truncated: int = 0

    @property
    def share(self) -> float:
        """The share of pairs with the same paths."""
        return 1 - len(self.different) / self.pairs

    def compare(self, answer: Paths, right: Sequence[Sequence[Key]]) -> None:
        """Count an answer. right: the keys of the best paths."""
        got = [[(hop.relation.value, hop.tail) for hop in path.hops] for path in answer.paths]
        self.pairs += 1
        self.by_paths[len(right)] += 1
        self.truncated += answer.truncated
        if got != [[key[:2] for key in keys] for keys in right]:
            reason = "truncated" if answer.truncated else "not truncated"
            self.different.append(f"{answer.event} → {answer.goal}: {len(got)} paths for {len(right)}, {reason}")

    def as_dict(self) -> dict[str, Any]:
        by_paths = {str(n): pairs for n, pairs in sorted(self.by_paths.items())}
        return {
            "pairs": self.pairs,
            "pairs by paths": by_paths,
            "other paths": self.different,
            "truncated": self.truncated,
        }


async def expand_speed(events: Sequence[str], resources: Resources, alone: Alone) -> Speed:
    """Ask /expand and the driver in turn."""
    speed = Speed()
    for event in events:
        started = time.perf_counter()
        await expand(ExpandQuestion(event=event, as_is=True, depth=DEPTH, width=WIDTH), resources, LOCAL)
        between = time.perf_counter()
        _expand_by_driver(event, alone)
        speed.driver.append(time.perf_counter() - between)
        speed.ours.append(between - started)
    return speed


def _expand_by_driver(event: str, alone: Alone) -> list[list[Any]]:
    """The steps around an event, by a query for each event. Those that go on come first, then the best."""
    level, passed, steps = [event], {event}, list[list[Any]]()
    for _ in range(DEPTH):
        following = list[str]()
        for one in level:
            rows = alone.rows(_STEPS_OF, {"event": one})
            best = sorted(rows, key=lambda row: (row[4] is None, -(row[2] or 1.0) * (row[3] or 1.0), row[1]))[:WIDTH]
            steps += best
            following += [row[4] for row in best if row[4] is not None]
        level = [one for one in dict.fromkeys(following) if one not in passed]
        passed.update(level)
    return steps


async def paths_speed(
    pairs: Sequence[Pair], whole: WholeGraph, resources: Resources, alone: Alone
) -> tuple[Speed, Agreement]:
    """Ask /paths, the driver and networkx in turn, and compare the best paths."""
    speed, agreement = Speed(), Agreement()
    for start, goal in pairs:
        question = PathsQuestion.model_validate({"from": start, "to": goal, "as_is": True, "k": K, "length": LENGTH})
        times = [time.perf_counter()]
        answer = await paths(question, resources, LOCAL)
        times.append(time.perf_counter())
        alone.rows(_ALL_PATHS, {"start": start, "goal": goal})
        times.append(time.perf_counter())
        right = whole.between(start, goal, LENGTH)
        times.append(time.perf_counter())
        for side, seconds in zip((speed.ours, speed.driver, speed.networkx), np.diff(times), strict=True):
            side.append(float(seconds))
        agreement.compare(answer, [path.keys for path in right[:K]])
    return speed, agreement
