"""How many inferences lead on to an event, how far paths reach, and how often a link is right.

Shares: of the edges whose tails are events, those linked by each rule, and of all events, those with a path of 1, 2 and
3 steps along links. Precision: benchmarks/links.tsv has the labels of links of ATOMIC-2020, drawn at random for each
rule and labelled by a language model. One half chose the confidence of each rule and so the threshold, the other half
gives the figures. The file has checksums for the texts. --draw writes links with their texts, --keep their labels.
"""

import csv
import gzip
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2s
from math import sqrt
from pathlib import Path

from benchmarks.report import Goal, finish, parser, say, show
from graph.links import CONFIDENCE, MIN_LINK, RULES, Link, Rule, best_links, reading_of
from graph.links.report import tails_of
from schemas.events import canonical
from schemas.relations import Relation
from schemas.triples import NONE

LABELS = Path(__file__).parent / "links.tsv"
_DRAWN: dict[Rule, int] = {rule: 60 if rule in ("inflection", "person", "possessive") else 40 for rule in RULES}
_STEPS = 3
_Z = 1.96
Edge = tuple[str, Relation, str]


@dataclass(frozen=True, slots=True)
class Graph:
    """The edges whose tails are events, all events, and the links of the tails."""

    edges: list[Edge]
    events: set[str]
    links: dict[tuple[str, str], Link]

    def link(self, edge: Edge) -> Link | None:
        return self.links.get((edge[2], reading_of(edge[1]) or ""))


def read(path: Path, least: float) -> tuple[Graph, float]:
    """The graph of a TSV file, and the distinct tails linked in a second of CPU."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        triples = dict.fromkeys((canonical(r["head"]), Relation(r["relation"]), r["tail"].strip()) for r in rows)
    events = dict.fromkeys(head for head, _, _ in triples)
    edges = [edge for edge in triples if reading_of(edge[1]) is not None and edge[2] != NONE]
    texts: dict[Relation, list[str]] = defaultdict(list)
    for _, relation, tail in edges:
        texts[relation].append(tail)
    tails = tails_of(texts)
    started = time.process_time()
    links = {(link.inference, link.reading): link for link in best_links(tails, events, least)}
    speed = len(tails) / (time.process_time() - started)
    return Graph(edges, set(events), links), speed


def reach(graph: Graph) -> list[float]:
    """The shares of events with a path of 1, 2 and 3 steps, each to another event."""
    following: dict[str, set[str]] = defaultdict(set)
    for edge in graph.edges:
        if (link := graph.link(edge)) is not None and link.event != edge[0]:
            following[edge[0]].add(link.event)
    paths, shares = dict.fromkeys(graph.events, True), list[float]()
    for _ in range(_STEPS):
        paths = dict.fromkeys((event for event, after in following.items() if any(one in paths for one in after)), True)
        shares.append(len(paths) / len(graph.events))
    return shares


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    if not total:
        return 0.0, 1.0
    share, square = right / total, _Z * _Z
    middle, width = share + square / (2 * total), _Z * sqrt(share * (1 - share) / total + square / (4 * total * total))
    return (middle - width) / (1 + square / total), (middle + width) / (1 + square / total)


def checksum(edge: Sequence[str], event: str) -> str:
    """The checksum of a linked edge: head, relation, tail, and the event of the link."""
    return blake2s("\t".join((*edge, event)).encode(), digest_size=8).hexdigest()


def draw(graph: Graph, path: Path, seed: int) -> None:
    """Write links for labelling, the same number of each rule for either half. Known labels stay."""
    known = {row["link"]: row for row in labels()}
    by_rule: dict[str, dict[str, Edge]] = defaultdict(dict)
    for edge in graph.edges:
        if (link := graph.link(edge)) is not None:
            by_rule[link.rule][checksum(edge, link.event)] = edge
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(["half", "rule", "head", "relation", "tail", "event", "right", "by"])
        for rule, number in _DRAWN.items():
            links = by_rule[rule]
            kept = [name for name in links if name in known and known[name]["rule"] == rule]
            drawn = random.Random(f"{seed} {rule}").sample(sorted(links.keys() - known.keys()), number - len(kept))
            for n, name in enumerate([*kept, *drawn]):
                row, edge = known.get(name, {}), links[name]
                half = row.get("half", "choose" if n % 2 else "report")
                link = graph.link(edge)
                assert link is not None
                writer.writerow([half, rule, *edge, link.event, row.get("right", ""), row.get("by", "")])


def keep(path: Path) -> None:
    """Keep the labels of a file of `draw`, without the texts."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    fields = ["half", "rule", "relation", "link", "right", "by"]
    with LABELS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fields, delimiter="\t", lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        for row in rows:
            link = checksum((row["head"], row["relation"], row["tail"]), row["event"])
            writer.writerow(row | {"link": link})


def labels() -> list[dict[str, str]]:
    """The labelled links."""
    with LABELS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def precision(rows: Iterable[dict[str, str]], field: str) -> dict[str, dict[str, float]]:
    """Links, right ones and the interval for each value of a field."""
    right, total = Counter[str](), Counter[str]()
    for row in rows:
        total[row[field]] += 1
        right[row[field]] += row["right"] == "yes"
    return {
        name: {"links": n, "right": right[name], "low": wilson(right[name], n)[0], "high": wilson(right[name], n)[1]}
        for name, n in total.items()
    }


def main() -> None:
    """The command."""
    options = parser("links", __doc__)
    options.add_argument("data", type=Path, metavar="FILE", help="ATOMIC-2020 as gzipped TSV: head, relation, tail")
    options.add_argument("--draw", type=Path, metavar="FILE", help="write links for labelling to FILE, and stop")
    options.add_argument("--keep", type=Path, metavar="FILE", help="keep the labels of FILE, and stop")
    arguments = options.parse_args()
    if arguments.keep:
        keep(arguments.keep)
        return
    graph, speed = read(arguments.data, 0.0 if arguments.draw else MIN_LINK)
    if arguments.draw:
        draw(graph, arguments.draw, arguments.seed)
        return
    by_rule = Counter(link.rule if (link := graph.link(edge)) is not None else "not_linked" for edge in graph.edges)
    total = len(graph.edges)
    linked = 1 - by_rule["not_linked"] / total
    steps = reach(graph)
    rows = labels()
    report = [row for row in rows if row["half"] == "report"]
    kept = [rule for rule in RULES if CONFIDENCE[rule] >= MIN_LINK]
    rules, relations = precision(report, "rule"), precision([r for r in report if r["rule"] in kept], "relation")
    weight = {rule: by_rule[rule] / (total - by_rule["not_linked"]) for rule in kept}
    overall = sum(weight[rule] * rules[rule]["right"] / rules[rule]["links"] for rule in kept)
    show("Edges", ["", "edges", "share"], [(name, f"{n:,}", f"{n / total:.1%}") for name, n in by_rule.most_common()])
    show("Events with a path", ["steps", "share"], [(str(n), f"{share:.1%}") for n, share in enumerate(steps, 1)])
    for title, found in (("Precision by rule", rules), ("Precision by relation", relations)):
        show(title, ["", "links", "right", "95 % interval"], _lines(found))
    say(f"{speed:,.0f} tails/s of CPU. Precision of all links, by the rules' shares: {overall:.1%}")
    goals = [
        Goal("edges linked", linked, "≥", 0.20, "share"),
        Goal("events with three steps", steps[-1], "≥", 0.40, "share"),
        Goal("precision, weighted", overall, "≥", 0.95, "share"),
    ]
    result = {"edges": total, "by_rule": dict(by_rule), "steps": steps, "rules": rules, "relations": relations}
    finish("links", arguments.output, result | {"precision": overall, "tails_per_second": round(speed)}, goals)


def _lines(found: dict[str, dict[str, float]]) -> Sequence[Sequence[str]]:
    return [
        (name, f"{one['links']:.0f}", f"{one['right'] / one['links']:.1%}", f"{one['low']:.1%} to {one['high']:.1%}")
        for name, one in found.items()
    ]


if __name__ == "__main__":
    main()
