"""Whether an embedded store and a Neo4j give the same verdicts on the same questions.

Both are loaded with the same file; the Neo4j is started as for the tests. Heads, most of them with an ending that makes
another event of them, are put to POST /match: the event that answers, the candidates and the verdict on each.
"""

import argparse
import random
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2

from benchmarks import data
from benchmarks.match_speed import heads_of
from benchmarks.processes import COMETGRAPH, matching, run
from benchmarks.report import Goal, finish, parser, say, show
from tests.support.neo4j_server import Neo4jServer

K = 10
_GENERATED = 100_000
_ENDINGS = ("", " at last", " once more", " for PersonY", " without a word")
Answers = list[dict[str, Any]]


def main() -> None:
    """The command."""
    options = parser("stores_agree", __doc__)
    options.add_argument("--data", metavar="FILE", help="triples to load into both, else generated ones")
    options.add_argument("--asked", type=int, default=500, metavar="N", help="questions, default 500")
    said = options.parse_args()
    with TemporaryDirectory(prefix="cometgraph-stores-") as name:
        folder = Path(name)
        if said.data is None:
            said.data = str(folder / "generated.jsonl")
            data.write(Path(said.data), _GENERATED, said.seed)
        server = Neo4jServer(folder / "neo4j").start()
        try:
            _measure(said, folder, server)
        finally:
            server.stop()


def _measure(said: argparse.Namespace, folder: Path, server: Neo4jServer) -> None:
    draw = random.Random(said.seed)
    heads = heads_of(said.data, None)
    asked = [head + draw.choice(_ENDINGS) for head in draw.sample(heads, min(said.asked, len(heads)))]
    password = {"COMETGRAPH_NEO4J_PASSWORD": server.password}
    answers: dict[str, Answers] = {}
    for name, store in (("embedded", str(folder / "store")), ("neo4j", server.uri)):
        say(f"{name}: loading")
        run([COMETGRAPH, "load", said.data, "--store", store], password)
        say(f"{name}: asking {len(asked):,} questions")
        with matching(store, variables=password) as client:
            answers[name] = [_matched(client, text) for text in asked]
    _report(said, asked, *answers.values())


def _matched(client: httpx2.Client, text: str) -> dict[str, Any]:
    said = client.post("/match", json={"event": text, "k": K})
    if said.status_code != httpx2.codes.OK:
        raise SystemExit(f"{text}: {said.text}")
    return said.json()


def _report(said: argparse.Namespace, asked: Sequence[str], embedded: Answers, neo4j: Answers) -> None:
    pairs = list(zip(embedded, neo4j, strict=True))
    same_best = sum(_best(one) == _best(other) for one, other in pairs)
    both = [_candidates(one) & _candidates(other) for one, other in pairs]
    either = [_candidates(one) | _candidates(other) for one, other in pairs]
    judged = [
        _verdicts(one, common) == _verdicts(other, common) for (one, other), common in zip(pairs, both, strict=True)
    ]
    measured = {
        "questions": len(asked),
        "answered": sum(_best(one) is not None for one in embedded),
        "the same answer": same_best,
        "the same verdict on every common candidate": sum(judged),
        "common candidates": round(sum(map(len, both)) / sum(map(len, either)), 4),
    }
    show("Both stores", ["", ""], [[what, f"{value:,}"] for what, value in measured.items()])
    finish("stores_agree", said.output, measured, [Goal("the same answer", same_best / len(asked), "≥", 1.0, "")])


def _best(matched: dict[str, Any]) -> str | None:
    """The event that answers; None where there is none."""
    return next((one["event"] for one in matched["candidates"] if one["same"]), None)


def _candidates(matched: dict[str, Any]) -> set[str]:
    return {one["event"] for one in matched["candidates"]}


def _verdicts(matched: dict[str, Any], events: set[str]) -> list[tuple[Any, ...]]:
    found = [one for one in matched["candidates"] if one["event"] in events]
    return sorted((one["event"], one["same"], one["confidence"], one["reason"]) for one in found)


if __name__ == "__main__":
    main()
