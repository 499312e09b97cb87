"""The links of the embedded graph: of some new rows, and of the whole graph."""

import ladybug

from graph.links import Link, Reading, Tail, best_links, phrase, reading_of
from graph.links.report import LinkReport, counts_by_relation, tails_of
from graph.stores.embedded import cypher
from graph.stores.embedded.link_index import LinkIndex
from graph.stores.embedded.transaction import transaction
from schemas.progress import Progress
from schemas.relations import RELATIONS, Relation

BATCH = 10_000
"""Links of one transaction."""


def link_rows(
    connection: ladybug.Connection, index: LinkIndex, tails: list[Tail], events: list[str], min_link: float
) -> None:
    """Link new tails, and tails of the graph that new events may suit better. Within the caller's transaction.

    The index has the keys of all of them already. min_link: the minimum confidence.
    """
    earlier = index.tails(phrase(event).key for event in events)
    new = set(tails)
    tails += [tail for tail in dict.fromkeys(earlier) if tail not in new and _is_stored(connection, *tail)]
    found = dict.fromkeys(index.events(phrase(text, reading).key for text, reading in tails))
    stored = [event for event in found if connection.execute(cypher.EVENT, {"text": event}).has_next()]
    for text, reading in tails:
        connection.execute(cypher.REMOVE_AS_EVENT, {"inference": text, "reading": reading})
    for link in best_links(tails, stored, min_link):
        connection.execute(cypher.ADD_AS_EVENT, _parameters(link))


def link_all(connection: ladybug.Connection, index: LinkIndex, min_link: float, progress: Progress) -> LinkReport:
    """Link the whole graph. After a stop, a second call completes it. min_link: the minimum confidence."""
    events: list[str] = [text for (text,) in connection.execute(cypher.EVENTS).get_all()]
    texts: dict[Relation, list[str]] = {}
    for done, relation in enumerate(RELATIONS):
        progress("reading the tails", done, len(RELATIONS))
        if reading_of(relation) is not None:
            rows = connection.execute(cypher.distinct_tails(relation.value)).get_as_arrow()
            texts[relation] = rows.column("text").to_pylist()
    tails = tails_of(texts)
    progress("finding events", 0, 0)
    index.put(tails, events)
    wanted = set(best_links(tails, events, min_link))
    stored = {tuple(row) for row in connection.execute(cypher.LINKS).get_all()}
    by_row = {(one.inference, one.event, one.confidence, one.rule, one.reading): one for one in wanted}
    to_remove, to_add = sorted(stored - by_row.keys(), key=str), sorted(by_row.keys() - stored)
    steps = [
        *((cypher.REMOVE_LINK, {"inference": row[0], "event": row[1], "reading": row[4] or ""}) for row in to_remove),
        *((cypher.ADD_AS_EVENT, _parameters(by_row[row])) for row in to_add),
    ]
    for start in range(0, len(steps), BATCH):
        progress("linking", start, len(steps))
        with transaction(connection):
            for query, parameters in steps[start : start + BATCH]:
                connection.execute(query, parameters)
    return LinkReport(counts_by_relation(texts, wanted), len(wanted), len(to_add), len(to_remove))


def _is_stored(connection: ladybug.Connection, text: str, reading: Reading) -> bool:
    names = [relation.value for relation in RELATIONS if reading_of(relation) == reading]
    return connection.execute(cypher.is_tail_of(names), {"text": text}).has_next()


def _parameters(link: Link) -> dict[str, object]:
    return {
        "inference": link.inference,
        "event": link.event,
        "confidence": link.confidence,
        "rule": link.rule,
        "reading": link.reading,
    }
