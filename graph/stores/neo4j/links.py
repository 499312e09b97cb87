"""The links of the Neo4j graph: of some new rows, and of the whole graph. Nodes have their link keys as properties."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import neo4j

from graph.links import READINGS, Link, Tail, best_links, phrase, reading_of
from graph.links.report import LinkReport, counts_by_relation, tails_of
from graph.stores.neo4j import cypher
from graph.stores.neo4j.transaction import all_rows, run
from schemas.progress import Progress
from schemas.relations import RELATIONS, Relation

BATCH = 10_000
"""Rows of one transaction."""
Query = Callable[..., Awaitable[list[list[Any]]]]


async def link_rows(tx: neo4j.AsyncManagedTransaction, tails: list[Tail], events: list[str], min_link: float) -> None:
    """Link new tails, and tails of the graph that new events may suit better. min_link: the minimum confidence."""
    await run(tx, cypher.SET_EVENT_KEYS, rows=[[event, phrase(event).key or None] for event in events])
    for reading in READINGS:
        rows = [[text, phrase(text, reading).key or None] for text, r in tails if r == reading]
        await run(tx, cypher.set_tail_keys(reading), rows=rows)
    await _relink(tx, tails + await _tails_like(tx, events), min_link)


async def unlink_rows(tx: neo4j.AsyncManagedTransaction, tails: list[str], events: list[str], min_link: float) -> None:
    """Remove the links of tails that lost their last edge of a reading, and those to lost events find another.

    tails, events: ends of removed edges. Some of them may remain.
    """
    for reading in READINGS:
        names = [relation.value for relation in RELATIONS if reading_of(relation) == reading]
        await run(tx, cypher.unlink(reading), texts=tails, relations=names)
    await _relink(tx, await _tails_like(tx, events), min_link)


async def _tails_like(tx: neo4j.AsyncManagedTransaction, events: list[str]) -> list[Tail]:
    """The tails of the graph with the key of an event."""
    keys = _keys((event, "X") for event in events)
    return [
        (text, reading)
        for reading in READINGS
        for (text,) in await all_rows(tx, cypher.tails_of_keys(reading), keys=keys)
    ]


async def _relink(tx: neo4j.AsyncManagedTransaction, tails: list[Tail], min_link: float) -> None:
    """Give tails their best links. It locks the tails before it looks for events: two writers never link one twice."""
    await run(tx, cypher.REMOVE_AS_EVENT, rows=sorted(map(list, set(tails))))
    candidates = [text for (text,) in await all_rows(tx, cypher.EVENTS_OF_KEYS, keys=_keys(tails))]
    await run(tx, cypher.ADD_AS_EVENT, rows=[_row(link) for link in best_links(set(tails), candidates, min_link)])


async def link_all(read: Query, write: Query, min_link: float, progress: Progress) -> LinkReport:
    """Link the whole graph, a transaction after the other. After a stop, a second call completes it.

    min_link: the minimum confidence.
    """
    texts: dict[Relation, list[str]] = {}
    for done, relation in enumerate(RELATIONS):
        progress("reading the tails", done, len(RELATIONS))
        if reading_of(relation) is not None:
            texts[relation] = [text for (text,) in await read(cypher.distinct_tails(relation.value), seconds=None)]
    tails = tails_of(texts)
    event_keys = dict(await read(cypher.EVENT_KEYS, seconds=None))
    progress("finding events", 0, 0)
    wanted = {tuple(_row(link)) for link in best_links(tails, event_keys, min_link)}
    stored = {tuple(row) for row in await read(cypher.LINKS, seconds=None)}
    keys: dict[str, list[str | None]] = {}
    for text, reading in tails:
        keys.setdefault(text, [None] * len(READINGS))[READINGS.index(reading)] = phrase(text, reading).key or None
    old_keys = {text: values for text, *values in await read(cypher.TAIL_KEYS, seconds=None)}
    none: list[str | None] = [None] * len(READINGS)
    to_set = [[text, *keys.get(text, none)] for text, values in old_keys.items() if keys.get(text, none) != values]
    to_remove, to_add = sorted(stored - wanted, key=str), sorted(wanted - stored)
    steps: list[tuple[str, list[list[Any]]]] = [
        (cypher.SET_EVENT_KEYS, [[e, key] for e, old in event_keys.items() if old != (key := phrase(e).key or None)]),
        (cypher.SET_TAIL_KEYS, to_set),
        (cypher.REMOVE_LINKS, [[row[0], row[1], row[4] or ""] for row in to_remove]),
        (cypher.ADD_AS_EVENT, [list(row) for row in to_add]),
    ]
    for query, rows in steps:
        for start in range(0, len(rows), BATCH):
            progress("linking", start, len(rows))
            await write(query, rows=rows[start : start + BATCH])
    links = [Link(*row) for row in wanted]
    return LinkReport(counts_by_relation(texts, links), len(wanted), len(to_add), len(to_remove))


def _keys(tails: Iterable[Tail]) -> list[str]:
    return sorted({key for text, reading in tails if (key := phrase(text, reading).key)})


def _row(link: Link) -> list[Any]:
    return [link.inference, link.event, link.confidence, link.rule, link.reading]
