"""The event that a tail is: the best among the events with its key."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from graph.links.phrase import Phrase, Reading, phrase
from graph.links.rules import CONFIDENCE, RULES, Rule, rule_of

MIN_LINK = 0.95
"""Minimum confidence of a link, unless a setting says otherwise."""
SCHEMA = pa.schema(
    [
        ("inference", pa.string()),
        ("event", pa.string()),
        ("confidence", pa.float64()),
        ("rule", pa.string()),
        ("reading", pa.string()),
    ]
)
LINK_PROPERTIES = [name for name in SCHEMA.names if name not in ("inference", "event")]
"""The properties of a link in the graph."""
Tail = tuple[str, Reading]
"""The text of an inference, and a reading of it."""


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """A link from an inference to its event."""

    inference: str
    event: str
    confidence: float
    rule: Rule
    reading: Reading


def best_links(tails: Iterable[Tail], events: Iterable[str], min_link: float) -> Iterator[Link]:
    """The best link of each tail. min_link: the minimum confidence.

    The best is by the first rule, then to an event with persons, with the fewest other articles, and the first in the
    alphabet. So the links do not depend on the order of loading.
    """
    by_key: dict[str, list[Phrase]] = {}
    for event in events:
        read = phrase(event)
        by_key.setdefault(read.key, []).append(read)
    for text, reading in tails:
        tail = phrase(text, reading)
        if tail.key and (found := best_event(tail, by_key.get(tail.key, ()), min_link)) is not None:
            event, rule = found
            yield Link(text, event, CONFIDENCE[rule], rule, reading)


def best_event(tail: Phrase, events: Iterable[Phrase], min_link: float) -> tuple[str, Rule] | None:
    """The best event and its rule. None if none of the events is the tail's."""
    ranks = [
        (RULES.index(rule), not event.text.startswith("Person"), _differences(tail, event), event.text)
        for event in events
        if (rule := rule_of(tail, event)) is not None and CONFIDENCE[rule] >= min_link
    ]
    if not ranks:
        return None
    rank, *_, text = min(ranks)
    return text, RULES[rank]


def _differences(tail: Phrase, event: Phrase) -> int:
    return sum(one != other for one, other in zip(tail.marks, event.marks, strict=True))


def table_of_links(links: Sequence[Link]) -> pa.Table:
    """Links as a table."""
    columns = [pa.array([getattr(link, field.name) for link in links], field.type) for field in SCHEMA]
    return pa.Table.from_arrays(columns, schema=SCHEMA)
