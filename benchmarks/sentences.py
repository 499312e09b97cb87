"""How often a triple, set or path reads as a person would write it, and how fast.

benchmarks/sentences.tsv has the sentences, written before the code. The rows `dev` guided the templates, the rows
`test` were held out. Exact match, beside head, phrase and tail glued together, as scripts that use ATOMIC do. Speed:
rows of --data FILE, triples as TSV (may be gzipped), else of the sample graph, each alone and with names, in CPU time.
"""

import csv
import gzip
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import orjson

from benchmarks.report import Goal, finish, parser, say, show
from graph.sample import SAMPLE
from graph.verbalize import Cast, not_applicable, passage, path, question, statement
from schemas.relations import RELATIONS, Relation
from schemas.triples import View

GOLD = Path(__file__).parent / "sentences.tsv"
_GOAL = 0.95
_GOAL_SPEED = 50_000
_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class Row:
    """A gold sentence. Several heads, relations or tails are separated by slashes."""

    split: str
    case: str
    head: str
    relation: str
    tail: str
    person: View
    roles: dict[str, str]
    form: str
    sentence: str

    def triples(self) -> list[tuple[str, Relation, str]]:
        """Its triples. A shorter column goes on with its last value."""
        columns = [column.split(" / ") for column in (self.head, self.relation, self.tail)]
        length = max(map(len, columns))
        heads, relations, tails = ([*column, *[column[-1]] * (length - len(column))] for column in columns)
        return [(head, Relation(name), tail) for head, name, tail in zip(heads, relations, tails, strict=True)]


def gold() -> list[Row]:
    """All gold sentences."""
    with GOLD.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Row(**(row | {"roles": orjson.loads(row["roles"])})) for row in rows]


def written(row: Row) -> str:
    """Our sentence."""
    cast = Cast(row.person, row.roles)
    triples = row.triples()
    if row.form == "question":
        return question(row.head, triples[0][1], cast)
    if row.form == "not_applicable":
        return not_applicable(row.head, triples[0][1], cast)
    if len(triples) == 1:
        return statement(row.head, triples[0][1], [row.tail], cast)
    return path(triples, cast) if " / " in row.head else passage(triples, cast)


def glued(row: Row) -> str:
    """Head, phrase and tail, with names."""
    parts = [f"{head} {RELATIONS[relation].phrase} {tail}" for head, relation, tail in row.triples()]
    text = ". ".join(part.strip() for part in parts) + "."
    for person, words in row.roles.items():
        text = text.replace(person, words.partition(" (")[0])
    return text


def main() -> None:
    """The command."""
    options = parser("sentences", __doc__)
    options.add_argument(
        "--data", type=Path, metavar="FILE", help="triples for the speed: head, relation and tail as TSV"
    )
    options.add_argument("--failures", action="store_true", help="print the wrong rows of dev")
    arguments = options.parse_args()
    rows = gold()
    ours, theirs = [written(row) for row in rows], [glued(row) for row in rows]
    if arguments.failures:
        for row, text in zip(rows, ours, strict=True):
            if text != row.sentence and row.split == "dev":
                say(f"{row.case} {row.relation} {row.tail!r}\n  {row.sentence}\n  {text}")
    splits = {
        split: {"sentences": len(members), "exact": _share(members, ours), "glued": _share(members, theirs)}
        for split in ("dev", "test")
        for members in [[(n, row) for n, row in enumerate(rows) if row.split == split]]
    }
    classes = {
        case: {split: _share([(n, row) for n, row in enumerate(rows) if (row.case, row.split) == (case, split)], ours)
               for split in ("dev", "test")}
        for case in dict.fromkeys(row.case for row in rows)
    }  # fmt: skip
    show(
        "Exact sentences",
        ["", "sentences", "exact", "glued"],
        [(name, str(one["sentences"]), f"{one['exact']:.1%}", f"{one['glued']:.1%}") for name, one in splits.items()],
    )
    show(
        "By class", ["", "dev", "test"], [(case, f"{s['dev']:.1%}", f"{s['test']:.1%}") for case, s in classes.items()]
    )
    count, seconds = _speed(arguments.data)
    speed = count / seconds
    say(f"{count:,} sentences in {seconds:.2f} s of CPU: {speed:,.0f} sentences/s")
    goals = [
        Goal("exact sentences, dev", splits["dev"]["exact"], "≥", _GOAL, "share"),
        Goal("exact sentences, test", splits["test"]["exact"], "≥", _GOAL, "share"),
        Goal("speed", speed, "≥", _GOAL_SPEED, "sentences/s"),
    ]
    result = {"splits": splits, "classes": classes, "speed": {"sentences": count, "per_second": round(speed)}}
    finish("sentences", arguments.output, result, goals)


def _share(members: Sequence[tuple[int, Row]], texts: Sequence[str]) -> float:
    return round(sum(texts[n] == row.sentence for n, row in members) / len(members), 4)


def _speed(data: Path | None) -> tuple[int, float]:
    """The number of sentences and their CPU seconds, after one sentence that loads the dictionary."""
    triples = list(islice(_triples(data), _ROWS))
    cast = Cast("third", {"PersonX": "Maria (she)", "PersonY": "Tom"})
    statement(triples[0][0], triples[0][1], [triples[0][2]], cast)
    started = time.process_time()
    for head, relation, tail in triples:
        statement(head, relation, [tail], cast)
    return len(triples), time.process_time() - started


def _triples(data: Path | None) -> Iterator[tuple[str, Relation, str]]:
    if data is None:
        rows: Iterator[Mapping[str, str]] = map(orjson.loads, SAMPLE.read_bytes().splitlines())
    else:
        opened = gzip.open if data.suffix == ".gz" else open
        rows = csv.DictReader(opened(data, "rt", encoding="utf-8"), delimiter="\t", quoting=csv.QUOTE_NONE)
    return ((row["head"], Relation(row["relation"]), row["tail"]) for row in rows)


if __name__ == "__main__":
    main()
