"""Harmless Cypher queries, as people type them: those of benchmarks/cypher_queries.jsonl, and the worked examples.

A line has one text for both stores (`query`), or one for each (`embedded`, `neo4j`), and its parameters.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from graph.query.examples import EXAMPLES
from graph.query.functions import Dialect

_FILE = Path(__file__).with_suffix(".jsonl")
_OWN_WORDS: dict[Dialect, dict[str, str]] = {
    "embedded": {" type(": " label(", "toString(": "string("},
    "neo4j": {" label(": " type(", " rels(": " relationships("},
}
"""The words that a store takes from the other, and its own, for the driver alone."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query for one store."""

    text: str
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def is_ordered(self) -> bool:
        """True if its rows have an order."""
        return "ORDER BY" in self.text.upper().rpartition("RETURN")[2]

    def for_driver(self, kind: Dialect, rows: int) -> str:
        """The text for the driver alone, with the LIMIT that a careful person would add."""
        text = self.text.rstrip("; \n")
        for word, own in _OWN_WORDS[kind].items():
            text = text.replace(word, own)
        end = text.upper().rpartition("RETURN")[2]
        return text if "LIMIT" in end or "UNION" in text else f"{text} LIMIT {rows}"


def queries(kind: Dialect) -> list[Query]:
    """All queries for a store."""
    lines = map(orjson.loads, _FILE.read_bytes().splitlines())
    own = [Query(one.get("query") or one[kind], one.get("parameters", {})) for one in lines]
    return [*(Query(one.query, one.parameters) for one in EXAMPLES), *own]


def same(query: Query, ours: Sequence[Sequence[Any]], alone: Sequence[Sequence[Any]]) -> bool:
    """True for the same rows, in the same order if the query has one."""
    one, other = [list(map(_comparable, rows)) for rows in (ours, alone)]
    return one == other if query.is_ordered else Counter(one) == Counter(other)


def _comparable(row: Sequence[Any]) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
