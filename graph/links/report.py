"""The counts of a linking: for each relation, its tails = those linked by each rule + those not linked."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from graph.links.best import Link, Tail
from graph.links.phrase import reading_of
from graph.links.rules import RULES
from schemas.relations import Relation


@dataclass(frozen=True, slots=True)
class LinkReport:
    """Counts of a linking.

    relations: counts of the distinct tails of each relation: `tails`, each rule, and `not_linked`.
    links: links in the graph afterwards.
    added, removed: changes.
    """

    relations: dict[str, dict[str, int]]
    links: int
    added: int
    removed: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def tails_of(texts: Mapping[Relation, Iterable[str]]) -> list[Tail]:
    """The tails of some relations, each text once in each reading."""
    pairs: dict[Tail, None] = {}
    for name, tails in texts.items():
        if (reading := reading_of(name)) is not None:
            pairs |= dict.fromkeys((text, reading) for text in tails)
    return list(pairs)


def counts_by_relation(texts: Mapping[Relation, Iterable[str]], links: Iterable[Link]) -> dict[str, dict[str, int]]:
    """The counts of each relation whose tails are events."""
    rules = {(link.inference, link.reading): link.rule for link in links}
    counts: dict[str, dict[str, int]] = {}
    for relation, tails in texts.items():
        if (reading := reading_of(relation)) is not None:
            found = Counter(rules.get((text, reading), "not_linked") for text in tails)
            counts[relation.value] = {"tails": found.total()} | {name: found[name] for name in (*RULES, "not_linked")}
    return counts
