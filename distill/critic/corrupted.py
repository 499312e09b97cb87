"""Choice questions from triples without labels: the tail of a triple among tails that belong elsewhere.

Two of the other tails are of another event and the same relation, one is of the same event and another relation. So a
critic learns from a graph alone. Some wrong answers are right by chance: choice does without a base rate.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from distill.critic.labels import Example
from schemas.relations import Relation
from schemas.triples import Triple, says_none

_FOREIGN = 2
"""Wrong answers from other events."""


def questions_from(triples: Iterable[Triple], source: str, most: int, seed: int) -> Iterator[Example]:
    """The rows of at most `most` questions, drawn at random. source: the name of their source."""
    known: dict[tuple[str, Relation], set[str]] = defaultdict(set)
    relations_of: dict[str, set[Relation]] = defaultdict(set)
    by_relation: dict[Relation, list[str]] = defaultdict(list)
    for triple in triples:
        if not says_none(triple.tail) and triple.tail not in known[triple.head, triple.relation]:
            known[triple.head, triple.relation].add(triple.tail)
            relations_of[triple.head].add(triple.relation)
            by_relation[triple.relation].append(triple.tail)
    draw = random.Random(seed)
    rows = [(head, relation, tail) for (head, relation), tails in known.items() for tail in sorted(tails)]
    draw.shuffle(rows)
    for n, (head, relation, tail) in enumerate(rows[:most]):
        right = known[head, relation]
        wrong = _drawn(by_relation[relation], _FOREIGN, right, draw)
        if others := sorted(relations_of[head] - {relation}):
            wrong += _drawn(sorted(known[head, draw.choice(others)]), 1, right | set(wrong), draw)
        for p, answer in ((1.0, tail), *((0.0, one) for one in wrong)):
            yield Example(head, relation, answer, p, "train", source, f"{source}-{n}")


def _drawn(tails: Sequence[str], count: int, right: set[str], draw: random.Random) -> list[str]:
    """At most `count` different tails that are not right."""
    found: dict[str, None] = {}
    for _ in range(4 * count):
        tail = draw.choice(tails)
        if tail not in right and len(found) < count:
            found[tail] = None
    return list(found)
