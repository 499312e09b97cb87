"""Lookups in the embedded graph, by prepared queries."""

from typing import Any

import ladybug

from graph.stores.embedded import cypher
from graph.stores.embedded.cypher import RelationQueries
from graph.stores.protocol import Lookup, Tails
from graph.stores.ranking import select
from schemas.relations import RELATIONS, Relation
from schemas.triples import NONE, Triple, is_generated

QUICK = 4
"""Up to this number of relations, a lookup runs on the event loop. Its queries (40 µs each) cost less than a thread
switch. On two busy cores a switch also makes the slowest answers six times slower (docs/experiments.md)."""


class PreparedQueries:
    """Prepared queries of one connection, with their parameters. A query is prepared on first use.

    This class calls the native connection of ladybug 0.22. `Connection.execute` examines query and parameters at each
    call and wraps the result: 50 µs of the 140 µs of a lookup of one relation. A prepared query sees later writes.
    """

    def __init__(self, connection: ladybug.Connection, of_relations: RelationQueries) -> None:
        self.of_relations = of_relations
        self._statements: dict[str, Any] = {}
        self._connection = connection  # keeps the native connection open
        self._native: Any = connection._connection

    def rows(self, query: str, **parameters: Any) -> list[list[Any]]:
        """All rows of a query. Raises RuntimeError for a failed query."""
        statement = self._statements.get(query)
        if statement is None:
            statement = self._native.prepare(query, parameters)
            if statement.is_success():
                self._statements[query] = statement
        result = self._native.execute(statement, parameters)
        if not result.isSuccess():
            raise RuntimeError(result.getErrorMessage())
        rows: list[list[Any]] = []
        while result.hasNext():
            rows.append(result.getNext())
        result.close()
        return rows


def tails_of(queries: PreparedQueries, lookup: Lookup) -> Tails | None:
    """The triples of one event. None for an unknown event."""
    event, triples = lookup.event, list[Triple]()
    has_gap = False  # a relation without an inference of a data set
    if len(lookup.relations) > QUICK:
        relations = {relation.value: relation for relation in lookup.relations}
        for name, *edge in queries.rows(queries.of_relations.all_tails, event=event):
            if name in relations:
                triples.append(_triple(event, relations[name], *edge))
        has_gap = len({triple.relation for triple in triples if not is_generated(triple)}) < len(relations)
    else:
        for relation in lookup.relations:
            query = queries.of_relations.tails.get(relation)
            edges = queries.rows(query, event=event) if query is not None else []
            inferences = [_triple(event, relation, *edge) for edge in edges]
            triples += inferences
            has_gap = has_gap or all(map(is_generated, inferences))
    if has_gap:
        if not triples and not queries.rows(cypher.EVENT, text=event):
            return None
        for name, *edge in queries.rows(cypher.NONES, event=event):
            if name in RELATIONS:
                triples.append(_triple(event, Relation(name), NONE, *edge))
        if (
            not lookup.generated
            and all(map(is_generated, triples))
            and has_only_students(queries, event, has_edge=bool(triples))
        ):
            return None
    return select(triples, lookup)


def has_only_students(queries: PreparedQueries, event: str, *, has_edge: bool = False) -> bool:
    """True if an event has edges, and all of them are generated. has_edge: skip the query for an edge."""
    has_data = queries.rows(queries.of_relations.has_data, event=event)
    return not has_data and (has_edge or bool(queries.rows(queries.of_relations.has_edge, event=event)))


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
    critic: str | None,
) -> Triple:
    return Triple(head, relation, tail, split, p_valid, valid, (r5, r6, r7, r8, r9), tuple(origins), log_prob, critic)
