"""Paths for labelling, and the share of accepted ones by their labels.

The pairs have at least three paths of two to four steps, and none of one. The critic scores the steps between them. One
path of a pair is the best, the other one is drawn uniformly from all.

benchmarks/paths.tsv has the labels, with checksums for the sentences. A path is accepted if a reader would say: each
part follows from the one before it, and the whole may well happen so. Two language models saw the sentences in random
order, without their kind.
"""

import csv
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import blake2s
from pathlib import Path
from tempfile import gettempdir

from benchmarks.links import wilson
from benchmarks.paths_graph import Pair, WholeGraph, WholePath, pairs_by_walks
from benchmarks.report import Goal, say, show
from distill.critic import BUNDLED
from distill.critic.critic import open_critic
from graph.links.step import Step
from graph.paths.best import Goal as End
from graph.paths.best import best_paths
from graph.paths.pattern import any_of
from graph.verbalize import Cast, path
from schemas.progress import silent
from schemas.relations import RELATIONS, Relation
from schemas.triples import says_none

LABELS = Path(__file__).parent / "paths.tsv"
_FIELDS = ["path", "kind", "accepted", "second", "by"]
_PAIRS = 100
_LENGTH = 4
_LEAST_PATHS = 3
_AT_ONCE = 20
"""Pairs drawn at a time."""
Triple = tuple[str, Relation, str]


def draw(whole: WholeGraph, file: Path, seed: int) -> None:
    """Write the sentences of the best and of drawn paths in random order, and their kinds to a file beside it."""
    rng = random.Random(f"{seed} draw")
    steps = {pair: _steps(whole, paths) for pair, paths in _pairs(whole, rng).items()}
    scores = _scores({_triple(step) for of_pair in steps.values() for step in of_pair})
    rows: list[tuple[str, str]] = []
    for pair, of_pair in steps.items():
        scored = [replace(step, p_valid=scores[_triple(step)]) for step in of_pair]
        rows += [("best", _best(scored, pair)), ("random", _drawn(whole, scored, pair, rng))]
    rng.shuffle(rows)
    header = ["id", "sentence", "accepted", "second", "by"]
    _write(file, header, [(str(n), text, "", "", "") for n, (_, text) in enumerate(rows, 1)])
    _write(key_of(file), ["id", "kind"], [(str(n), kind) for n, (kind, _) in enumerate(rows, 1)])
    say(f"{len(rows)} sentences of {len(steps)} pairs, {len(scores):,} triples scored")


def keep(file: Path) -> None:
    """Keep the labels of a file of `draw`: `accepted`, and `second` of another labeller."""
    kinds = {row["id"]: row["kind"] for row in _read(key_of(file))}
    rows = [row | {"kind": kinds[row["id"]], "path": _checksum(row["sentence"])} for row in _read(file)]
    _write(LABELS, _FIELDS, [[row[name] for name in _FIELDS] for row in rows])


def _checksum(sentence: str) -> str:
    return blake2s(sentence.encode(), digest_size=8).hexdigest()


def key_of(file: Path) -> Path:
    """The file with the kinds."""
    return file.with_suffix(".key.tsv")


def accepted() -> tuple[dict[str, dict[str, float]], list[Goal]]:
    """The accepted paths of each kind by the labels, with intervals, and the goal. Shows them."""
    rows = _read(LABELS) if LABELS.exists() else []
    if not rows:
        say("no labelled paths")
        return {}, []
    found: dict[str, dict[str, float]] = {}
    for kind in ("best", "random"):
        labels = [row["accepted"] == "yes" for row in rows if row["kind"] == kind]
        low, high = wilson(sum(labels), len(labels))
        found[kind] = {"paths": len(labels), "accepted": sum(labels), "low": round(low, 3), "high": round(high, 3)}
    shares = {kind: one["accepted"] / one["paths"] for kind, one in found.items()}
    lines = [
        (kind, f"{one['paths']:.0f}", f"{shares[kind]:.0%}", f"{one['low']:.1%} to {one['high']:.1%}")
        for kind, one in found.items()
    ]
    agreed = sum(row["accepted"] == row["second"] for row in rows) / len(rows)
    say(f"two labellers agree on {agreed:.0%} of {len(rows)} paths")
    show("Paths that a reader accepts", ["", "paths", "accepted", "95 % interval"], lines)
    return found, [Goal("accepted, best beside random", shares["best"] / shares["random"], "≥", 1.5)]


def _pairs(whole: WholeGraph, rng: random.Random) -> dict[Pair, list[WholePath]]:
    """Pairs, each with all of its paths."""
    found: dict[Pair, list[WholePath]] = {}
    while len(found) < _PAIRS:
        for pair in pairs_by_walks(whole, _AT_ONCE, rng):
            paths = whole.between(*pair, _LENGTH)
            if len(paths) >= _LEAST_PATHS and all(one.length > 1 for one in paths):
                found[pair] = paths
    return dict(list(found.items())[:_PAIRS])


def _steps(whole: WholeGraph, paths: Iterable[WholePath]) -> list[Step]:
    """All steps along some paths, with the tails that are the same events."""
    along = {(one.head, one.event) for path in paths for one in path.steps}
    return [step for step in whole.steps if (step.head, step.event) in along and not says_none(step.tail)]


def _scores(triples: set[Triple]) -> dict[Triple, float]:
    """The critic's p_valid of triples."""
    ordered = sorted(triples)
    say(f"the critic scores {len(ordered):,} triples")
    critic = open_critic(BUNDLED, Path(gettempdir()) / "cometgraph-benchmark-models", 2, silent)
    try:
        return dict(zip(ordered, critic.p_valid(ordered).tolist(), strict=True))
    finally:
        critic.close()


def _best(steps: Sequence[Step], pair: Pair) -> str:
    start, goal = pair
    end = End(goal, frozenset((goal,)))
    return _sentence(best_paths(steps, start, end, any_of(RELATIONS, _LENGTH), _LENGTH, 1).paths[0].steps)


def _drawn(whole: WholeGraph, steps: Sequence[Step], pair: Pair, rng: random.Random) -> str:
    return _sentence(rng.choice(WholeGraph(whole.events, steps).between(*pair, _LENGTH)).steps)


def _sentence(steps: Sequence[Step]) -> str:
    """A path as the service tells it."""
    swapped, is_swapped = list[bool](), False
    for step in steps:
        swapped.append(is_swapped)
        is_swapped = is_swapped != step.swaps
    return path([_triple(step) for step in steps], Cast("third"), swapped)


def _triple(step: Step) -> Triple:
    return step.head, step.relation, step.tail


def _read(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def _write(file: Path, fields: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines, delimiter="\t", lineterminator="\n").writerows([fields, *rows])
