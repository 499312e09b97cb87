"""How often a natural sentence is read as a person would, and what it costs.

benchmarks/normalise_gold.jsonl has the answers, written apart from the sentences that the reading was developed on:
{"text", "events": [the main one first], "roles", "kind"}. Exact match of the main event, of who is who in it, of both,
of all clauses; beside string rules (benchmarks/string_rules.py), which know one clause. With --data FILE, ATOMIC's
rows as TSV with the head in the first column (may be gzipped), also whether all its heads pass unchanged, with nothing
parsed.
"""

import argparse
import csv
import gzip
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks.report import Goal, finish, parser, say, show
from benchmarks.string_rules import read
from graph.normalization import read_event
from schemas.events import canonical

GOLD = Path(__file__).parent / "normalise_gold.jsonl"
Answer = tuple[Sequence[str], dict[str, str]]
_GOAL = 0.85
_GOAL_MS = 5.0
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text and how it should be read."""

    text: str
    events: list[str]
    roles: dict[str, str]
    kind: str

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Sentence":
        events = [canonical(event) for event in row["events"]]
        roles = {person: words for person, words in row["roles"].items() if person in events[0]}
        return cls(row["text"], events, roles, row["kind"])


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of sentences."""

    sentences: int
    event: float
    roles: float
    both: float
    clauses: float

    @classmethod
    def of(cls, pairs: Sequence[tuple[Sentence, Answer]]) -> "Score":
        def share(fits: Callable[[Sentence, Answer], bool]) -> float:
            return sum(fits(*pair) for pair in pairs) / len(pairs)

        return cls(
            len(pairs),
            share(lambda gold, said: said[0][0] == gold.events[0]),
            share(lambda gold, said: said[1] == gold.roles),
            share(lambda gold, said: (said[0][0], said[1]) == (gold.events[0], gold.roles)),
            share(lambda gold, said: list(said[0]) == gold.events),
        )

    def as_dict(self) -> dict[str, float | int]:
        return {name: round(getattr(self, name), 4) for name in ("sentences", "event", "roles", "both", "clauses")}


def main() -> None:
    """The command."""
    options = parser("normalise", __doc__)
    options.add_argument("--gold", type=Path, default=GOLD, metavar="FILE", help="the sentences with their answers")
    options.add_argument("--data", type=Path, metavar="FILE", help="ATOMIC's rows, whose heads should pass unchanged")
    options.add_argument("--wrong", action="store_true", help="show what was read otherwise")
    asked = options.parse_args()
    gold = [Sentence.of(orjson.loads(line)) for line in asked.gold.read_bytes().splitlines() if line.strip()]
    say(f"{len(gold)} sentences")
    said: dict[str, Any] = {"gold": asked.gold.name}
    goals = _quality(gold, said, asked) + _cost(gold, said)
    if asked.data:
        goals += _heads(asked.data, said)
    finish("normalise", asked.output, said, goals)


def _quality(gold: list[Sentence], said: dict[str, Any], asked: argparse.Namespace) -> list[Goal]:
    answers = [(one, _ours(one.text)) for one in gold]
    rules = [(one, _rules(one.text)) for one in gold]
    ours, baseline = Score.of(answers), Score.of(rules)
    kinds: dict[str, list[tuple[Sentence, Answer]]] = defaultdict(list)
    for pair in answers:
        kinds[pair[0].kind].append(pair)
    by_kind = {kind: Score.of(pairs) for kind, pairs in sorted(kinds.items())}
    columns = ["", "sentences", "event", "roles", "both", "all clauses"]
    rows = [_row(name, score) for name, score in [("ours", ours), ("string rules", baseline), *by_kind.items()]]
    show("Exact match", columns, rows)
    if asked.wrong:
        for one, (events, roles) in answers:
            if (events[0], roles) != (one.events[0], one.roles):
                read = f"{' | '.join(events)} {roles}"
                say(f"[{one.kind}] {one.text}\n  said {read}\n  gold {' | '.join(one.events)} {one.roles}")
    ratio = ours.both / baseline.both if baseline.both else None
    said |= {"ours": ours.as_dict(), "string_rules": baseline.as_dict(), "both_ratio": ratio and round(ratio, 2)}
    said["by_kind"] = {kind: score.as_dict() for kind, score in by_kind.items()}
    return [Goal("event and roles as a person reads them", ours.both, "≥", _GOAL, "of the sentences")]


def _ours(text: str) -> Answer:
    reading = read_event(text)
    return reading.clauses, reading.roles


def _rules(text: str) -> Answer:
    event, roles = read(text)
    return [event], {person: words for person, words in roles.items() if person in event}


def _row(name: str, score: Score) -> list[str]:
    shares = (score.event, score.roles, score.both, score.clauses)
    return [name, str(score.sentences), *(f"{share:.1%}" for share in shares)]


def _cost(gold: list[Sentence], said: dict[str, Any]) -> list[Goal]:
    """Milliseconds a sentence on one core, everything loaded; of an event that passes as it is in microseconds."""
    texts = [one.text for one in gold if not read_event(one.text).as_is]
    p50, p99 = _times(texts)
    quick, slow = _times(["PersonX's boss yells at PersonX", "eat breakfast in bed", "the dog barks"] * 50)
    said["sentence_ms"] = {"p50": round(p50, 3), "p99": round(p99, 3)}
    said["as_is_us"] = {"p50": round(quick * 1e3, 1), "p99": round(slow * 1e3, 1)}
    rows = [
        ["a sentence", f"{p50:.2f} ms", f"{p99:.2f} ms"],
        ["an event", f"{quick * 1e3:.1f} µs", f"{slow * 1e3:.1f} µs"],
    ]
    show("Time", ["", "p50", "p99"], rows)
    return [Goal("time of a sentence, p50", p50, "≤", _GOAL_MS, "ms")]


def _times(texts: Sequence[str]) -> tuple[float, float]:
    taken: list[float] = []
    for _ in range(_ROUNDS):
        for text in texts:
            start = time.perf_counter()
            read_event(text)
            taken.append((time.perf_counter() - start) * 1e3)
    return statistics.median(taken), statistics.quantiles(taken, n=100)[98]


def _heads(path: Path, said: dict[str, Any]) -> list[Goal]:
    heads = {canonical(head) for head in _first_column(path)}
    changed = [head for head in sorted(heads) if not _passes(head)]
    said["heads"] = {"heads": len(heads), "changed": len(changed)}
    show("Heads of ATOMIC", ["", "heads", "changed"], [["pass unchanged", str(len(heads)), str(len(changed))]])
    return [Goal("heads that do not pass unchanged", len(changed), "≤", 0, "heads")]


def _passes(head: str) -> bool:
    reading = read_event(head)
    return reading.as_is and reading.event == head


def _first_column(path: Path) -> Iterable[str]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        yield from (row[0] for row in rows)


if __name__ == "__main__":
    main()
