"""Traps for near-duplicates: forty look-alikes and forty paraphrases of stored events, against one graph.

The graph has the 80 stored events of traps.tsv. Each is asked in its other wording through the whole cascade, without
the student. An answer to a look-alike is an error, unless its roles say that the persons change places: "PersonX is
beaten by PersonY" has the answers of "PersonX beats PersonY" for the other person. No answer to a paraphrase is a miss.
"""

import argparse
import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import orjson

from benchmarks.processes import COMETGRAPH, matching, run
from benchmarks.report import Goal, finish, parser, show

TRAPS = Path(__file__).parent / "traps.tsv"
PARAPHRASE = "paraphrase"
SWAPPED = ", persons swapped"


@dataclass(frozen=True, slots=True)
class Row:
    """A stored event and the asked text."""

    kind: str
    stored: str
    asked: str


def main() -> None:
    """The command."""
    options = parser("traps", __doc__)
    options.add_argument("--judge", metavar="DIR", help="folder of another judge than the bundled one")
    params = options.parse_args()
    with TRAPS.open(encoding="utf-8", newline="") as file:
        rows = [Row(**row) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    with TemporaryDirectory(prefix="cometgraph-traps-") as name:
        folder = Path(name)
        triples = [{"head": row.stored, "relation": "xReact", "tail": f"of {n}"} for n, row in enumerate(rows)]
        (folder / "stored.jsonl").write_bytes(
            b"".join(orjson.dumps(t, option=orjson.OPT_APPEND_NEWLINE) for t in triples)
        )
        run([COMETGRAPH, "load", str(folder / "stored.jsonl"), "--store", str(folder / "store")])
        _report(params, rows, _asked(folder / "store", rows, params.judge))


def _asked(store: Path, rows: list[Row], judge: str | None) -> list[str | None]:
    """For each row the answering event, marked if its persons change places, or None."""
    with matching(str(store), *(["--judge", judge] if judge else [])) as client:
        return [_answering(client, row.asked) for row in rows]


def _answering(client: httpx2.Client, text: str) -> str | None:
    response = client.get("/infer", params={"event": text})
    if response.status_code == httpx2.codes.NOT_FOUND:
        return None
    match = response.raise_for_status().json()["match"]
    is_swapped = any(stored != asked for stored, asked in match["roles"].items())
    return match["event"] + SWAPPED * is_swapped


def _report(params: argparse.Namespace, rows: list[Row], answers: list[str | None]) -> None:
    by_kind: dict[str, list[bool]] = defaultdict(list)
    for row, answer in zip(rows, answers, strict=True):
        by_kind[row.kind].append(answer == row.stored)
    show("Answered by the stored event", ["", "asked", "answered"],
         [[kind, str(len(hits)), str(sum(hits))] for kind, hits in by_kind.items()])  # fmt: skip
    wrong = [
        [row.kind, row.asked, answer or ""]
        for row, answer in zip(rows, answers, strict=True)
        if (answer is not None and answer.removesuffix(SWAPPED) != row.stored)
        or (answer == row.stored) == (row.kind != PARAPHRASE)
    ]
    show("Not as it should be", ["", "asked", "answered by"], wrong)
    lies = sum(sum(hits) for kind, hits in by_kind.items() if kind != PARAPHRASE)
    others = sum(a is not None and a.removesuffix(SWAPPED) != r.stored for r, a in zip(rows, answers, strict=True))
    measured = {
        "traps": sum(len(hits) for kind, hits in by_kind.items() if kind != PARAPHRASE),
        "traps answered": lies,
        "paraphrases": len(by_kind[PARAPHRASE]),
        "paraphrases answered": sum(by_kind[PARAPHRASE]),
        "answered by another of the stored events": others,
    }
    finish("traps", params.output, measured, [Goal("traps answered", lies, "≤", 0, "")])


if __name__ == "__main__":
    main()
