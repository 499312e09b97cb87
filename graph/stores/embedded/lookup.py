"""Lookups in the embedded graph: prepared queries, and the triples of one event."""

from typing import Any

import ladybug

from graph.stores.embedded import cypher
from graph.stores.protocol import Lookup, Tails
from graph.stores.ranking import select
from schemas.relations import Relation
from schemas.triples import NONE, Triple, is_generated

QUICK = 4
"""A lookup of so few relations is done where it is asked: its queries take less (40 µs each) than the way to a thread
and back, which on two busy cores also makes the slowest answers six times slower (docs/experiments.md)."""


class PreparedQueries:
    """Queries of one connection, prepared on first use. Their parameters are texts.

    `Connection.execute` examines query and parameters anew at each call, and wraps the result: 50 µs of the 140 of a
    lookup of one relation. So this class calls the native connection below it, as ladybug 0.22 has it. Nothing else in
    this project does. A statement sees writes after its preparation.
    """

    def __init__(self, connection: ladybug.Connection) -> None:
        self._statements: dict[str, Any] = {}
        self._connection = connection  # keeps the native one open
        self._native: Any = connection._connection

    def rows(self, query: str, **texts: str) -> list[list[Any]]:
        """All rows of a query. Raises RuntimeError, as `execute` does."""
        statement = self._statements.get(query)
        if statement is None:
            statement = self._native.prepare(query, texts)
            if statement.is_success():
                self._statements[query] = statement
        result = self._native.execute(statement, texts)
        if not result.isSuccess():
            raise RuntimeError(result.getErrorMessage())
        rows: list[list[Any]] = []
        while result.hasNext():
            rows.append(result.getNext())
        result.close()
        return rows


def tails_of(queries: PreparedQueries, lookup: Lookup) -> Tails | None:
    """Look up one event; None where it is unknown."""
    event, found = lookup.event, list[Triple]()
    missing = False  # a relation of which no data set gives an inference
    if len(lookup.relations) > QUICK:
        wanted = {relation.value: relation for relation in lookup.relations}
        for name, *edge in queries.rows(cypher.ALL_TAILS, event=event):
            if name in wanted:
                found.append(_triple(event, wanted[name], *edge))
        missing = len({triple.relation for triple in found if not is_generated(triple)}) < len(wanted)
    else:
        for relation in lookup.relations:
            edges = queries.rows(cypher.TAILS[relation], event=event)
            triples = [_triple(event, relation, *edge) for edge in edges]
            found += triples
            missing = missing or all(map(is_generated, triples))
    if missing:
        if not found and not queries.rows(cypher.KNOWN, text=event):
            return None
        for name, *edge in queries.rows(cypher.NONES, event=event):
            found.append(_triple(event, Relation(name), NONE, *edge))
        if (
            not lookup.generated
            and all(map(is_generated, found))
            and is_of_students(queries, event, spoken=bool(found))
        ):
            return None
    return select(found, lookup)


def is_of_students(queries: PreparedQueries, event: str, *, spoken: bool = False) -> bool:
    """True where somebody spoke of an event (`spoken`: that is certain), and only students did."""
    by_data = queries.rows(cypher.SPOKEN_BY_DATA, event=event)
    return not by_data and (spoken or bool(queries.rows(cypher.SPOKEN, event=event)))


def _triple(
    head: str,
    relation: Relation,
    tail: str,
    p_valid: float | None,
    split: str | None,
    valid: int | None,
    r5: bool | None,
    r6: bool | None,
    r7: bool | None,
    r8: bool | None,
    r9: bool | None,
    log_prob: float | None,
    origins: list[str],
) -> Triple:
    return Triple(head, relation, tail, split, p_valid, valid, (r5, r6, r7, r8, r9), tuple(origins), log_prob)
