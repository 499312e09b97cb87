"""Writing the Neo4j graph: merges and removals, all edges of an event in one transaction."""

from collections.abc import Iterator
from typing import Any

import neo4j
import pyarrow as pa
import pyarrow.compute as pc

from graph.stores.forget import Forgotten
from graph.stores.neo4j import cypher
from graph.stores.neo4j.links import link_rows, unlink_rows
from graph.stores.neo4j.transaction import all_rows, run
from graph.stores.tails import tails_of_rows
from graph.tables.columns import KEY, PROPERTIES, RELATION_CODE, RELATION_NAMES, empty, from_properties, properties
from graph.tables.merge import Counts, merge
from graph.tables.staging import Staging
from schemas.triples import NONE

BATCH = 20_000
"""Rows of one transaction, about. All rows of an event are in the same one."""
EVENTS = 1_000
"""Events of one removing transaction."""
_PROPERTY_NAMES = [field.name for field in PROPERTIES]


async def forget(tx: neo4j.AsyncManagedTransaction, origin: str, heads: list[str], min_link: float) -> Forgotten:
    """Remove an origin from the edges of some events, and bring the links of their tails up to date.

    It locks the nodes before it looks for their remaining edges. So no other writer loses an edge.
    """
    await run(tx, cypher.LOCK_EXISTING, texts=heads)
    tails = [tail for (tail,) in await all_rows(tx, cypher.LOCK_ENDS, texts=heads, origin=origin)]
    [[edges, nones, kept]] = await all_rows(tx, cypher.FORGET_EDGES, texts=heads, origin=origin)
    [[inferences]] = await all_rows(tx, cypher.FORGET_INFERENCES, texts=tails)
    [[events]] = await all_rows(tx, cypher.FORGET_EVENTS, texts=heads)
    await unlink_rows(tx, tails, heads, min_link)
    return Forgotten(edges, nones, kept, inferences, events)


async def add_rows(tx: neo4j.AsyncManagedTransaction, incoming: pa.Table, min_link: float) -> Counts:
    """Merge rows into the graph.

    It locks the events before it reads their edges. So two writers never create the same edge. Parallel transactions
    gain nothing: they wait for each other at shared inferences.

    min_link: the minimum confidence of a link.
    """
    heads = pc.unique(incoming.column("head")).to_pylist()
    await run(tx, cypher.LOCK_EVENTS, texts=heads)
    merged = merge(await _edges_of(tx, heads), incoming)
    new, changed = merged.new, merged.changed
    tails = [tail for tail in pc.unique(new.column("tail")).to_pylist() if tail != NONE]
    await run(tx, cypher.ADD_INFERENCES, texts=tails)
    for rows, edges, nones in (
        (new, cypher.ADD_EDGES, cypher.ADD_NONES),
        (changed, cypher.SET_EDGES, cypher.SET_NONES),
    ):
        is_none = pc.equal(rows.column("tail"), NONE)
        await _run_rows(tx, edges, rows.filter(pc.invert(is_none)))
        await _run_rows(tx, nones, rows.filter(is_none))
    await link_rows(tx, tails_of_rows(new), heads, min_link)
    return merged.counts


async def _run_rows(tx: neo4j.AsyncManagedTransaction, query: str, rows: pa.Table) -> None:
    """Run a query with rows as [head, relation, tail, properties without nulls]."""
    if len(rows):
        keys = (rows.column(name).to_pylist() for name in KEY)
        columns = (column.to_pylist() for column in properties(rows))
        parameters: list[list[Any]] = [
            [
                head,
                RELATION_NAMES[code],
                tail,
                {n: v for n, v in zip(_PROPERTY_NAMES, values, strict=True) if v is not None},
            ]
            for head, code, tail, *values in zip(*keys, *columns, strict=True)
        ]
        await run(tx, query, rows=parameters)


async def _edges_of(tx: neo4j.AsyncManagedTransaction, heads: list[str]) -> pa.Table:
    """All stored rows of some events, those of relations without a description apart."""
    edges = [edge for edge in await all_rows(tx, cypher.EDGES_OF, heads=heads) if edge[1] in RELATION_CODE]
    if not edges:
        return empty()
    head, names, tails, *values = zip(*edges, strict=True)
    columns = [pa.array(column, field.type) for column, field in zip(values, PROPERTIES, strict=True)]
    codes = pa.array([RELATION_CODE[name] for name in names], pa.int8())
    texts = pa.array([NONE if tail is None else tail for tail in tails], pa.string())
    return from_properties(pa.array(head, pa.string()), codes, texts, columns)


def batches(staging: Staging) -> Iterator[pa.Table]:
    """The incoming rows in batches of about BATCH rows, each event in one batch."""
    for part in staging.read():
        rows = part.incoming.sort_by("head")
        heads = rows.column("head").combine_chunks()
        start = 0
        while start < len(rows):
            end = min(start + BATCH, len(rows))
            while end < len(rows) and heads[end] == heads[end - 1]:
                end += 1
            yield rows.slice(start, end - start)
            start = end
