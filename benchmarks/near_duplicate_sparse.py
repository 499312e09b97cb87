"""Near-duplicates in a sparse graph: precision and recall of the judge on everyday events against the sample graph.

near_duplicate_sparse.tsv has 150 events without a near-duplicate in the sample graph and 30 paraphrases of its events.
One half tuned the judge. The other half is reported.
"""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np

from benchmarks.report import Goal, finish, parser, show
from distill.embedder.embedder import open_embedder
from distill.judge.judge import BUNDLED, Candidate, Judge, open_judge
from graph.sample import SAMPLE
from schemas.embeddings import Embedder
from schemas.events import canonical

EVENTS = Path(__file__).parent / "near_duplicate_sparse.tsv"
NEAREST = 10


@dataclass(frozen=True, slots=True)
class Row:
    """An asked event and its near-duplicate in the sample graph, or an empty text. split: tune or report."""

    split: str
    asked: str
    stored: str


def main() -> None:
    """The command."""
    options = parser("near_duplicate_sparse", __doc__)
    options.add_argument("--judge", default=BUNDLED, metavar="NAME", help="the bundled judge, or a folder")
    params = options.parse_args()
    cache = Path(gettempdir()) / "cometgraph-benchmark-models"
    embedder = open_embedder("minilm", 2, cache)
    judge = open_judge(params.judge, cache, 2, lambda *_: None)
    rows = read_rows()
    answers = answers_of(rows, judge, embedder)
    wrong = [[r.split, r.asked, a] for r, a in zip(rows, answers, strict=True) if a and a != r.stored]
    show("Wrong answers", ["", "asked", "answered by"], wrong)
    splits = {split: measured(rows, answers, split) for split in ("tune", "report")}
    show("Sparse graph", ["", *splits], [[what, *(str(splits[s][what]) for s in splits)] for what in splits["report"]])
    goals = [Goal("precision of the answers, report half", splits["report"]["precision"], "≥", 0.95, "")]
    finish("near_duplicate_sparse", params.output, {"splits": splits}, goals)


def read_rows() -> list[Row]:
    """The rows of near_duplicate_sparse.tsv."""
    with EVENTS.open(encoding="utf-8", newline="") as file:
        return [Row(**row) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def answers_of(rows: list[Row], judge: Judge, embedder: Embedder) -> list[str]:
    """For each row the answering event of the sample graph, or an empty text."""
    stored = sorted({canonical(json.loads(line)["head"]) for line in SAMPLE.read_text("utf-8").splitlines()})
    asked = [row.asked for row in rows]
    cosines = embedder.embed(asked) @ embedder.embed(stored).T
    candidates = [
        [Candidate(stored[n], float(row[n])) for n in np.argsort(-row, kind="stable")[:NEAREST]] for row in cosines
    ]
    best = [verdicts[0] for verdicts in judge.judge(asked, candidates)]
    return [verdict.event if verdict.same else "" for verdict in best]


def measured(rows: list[Row], answers: list[str], split: str) -> dict[str, Any]:
    """Counts, precision and recall of one split. Without an answer the precision is 0."""
    pairs = [(row.stored, answer) for row, answer in zip(rows, answers, strict=True) if row.split == split]
    answered = [(stored, answer) for stored, answer in pairs if answer]
    right = sum(stored == answer for stored, answer in answered)
    paraphrases = sum(stored != "" for stored, _ in pairs)
    return {
        "asked": len(pairs),
        "answered": len(answered),
        "right": right,
        "precision": round(right / max(1, len(answered)), 4),
        "recall": round(right / paraphrases, 4),
    }


if __name__ == "__main__":
    main()
