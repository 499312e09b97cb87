"""Pages of known events."""

from graph.stores.protocol import Lookup, Search, Store
from graph.stores.search_terms import search_words
from schemas.browse import EventDetail, EventPage, EventSearch, RelationInferences
from schemas.errors import BadInput, EventNotFound
from schemas.events import canonical, is_text, parse_event, tidy
from schemas.infer import MAX_LIMIT
from service.answering import cursor
from service.answering.compose import inference
from service.answering.lookup import ALL_RELATIONS, nearest
from service.runtime.resources import Resources


async def page(search: EventSearch, store: Store) -> EventPage:
    """One page, and the cursor of the next. Raises BadInput, PageNotFound."""
    for name, text in (("q", search.q), ("prefix", search.prefix)):
        if text is not None and not is_text(text):
            raise BadInput.of(name, text, "valid Unicode text")
    prefix = _beginning(search.prefix or "")
    return await (
        _by_words(search, search.q, prefix, store) if search.q is not None else _by_prefix(search, prefix, store)
    )


async def _by_words(search: EventSearch, q: str, prefix: str, store: Store) -> EventPage:
    words = search_words(q)
    name = _name(search, f"q {' '.join(words)} prefix {prefix}")
    skip = cursor.decode(search.cursor, name, int) if search.cursor else 0
    events = await store.events(_search(search, prefix, words=words, skip=skip)) if words else []
    more = len(events) > search.limit
    return EventPage(events[: search.limit], cursor.encode(name, skip + search.limit) if more else None)


async def _by_prefix(search: EventSearch, prefix: str, store: Store) -> EventPage:
    name = _name(search, f"prefix {prefix}")
    after = cursor.decode(search.cursor, name, str) if search.cursor else ""
    events = await store.events(_search(search, prefix, after=after))
    more, events = len(events) > search.limit, events[: search.limit]
    return EventPage(events, cursor.encode(name, events[-1]) if more else None)


def _search(search: EventSearch, prefix: str, *, after: str = "", words: tuple[str, ...] = (), skip: int = 0) -> Search:
    """A search for one event more than the page has: it tells if there is a next page."""
    return Search(search.limit + 1, prefix, after, words, skip, search.generated)


def _name(search: EventSearch, name: str) -> str:
    """The name of a search in its cursors."""
    return f"{name} generated" if search.generated else name


def _beginning(text: str) -> str:
    """The canonical form of the beginning of an event. A blank at its end counts."""
    return canonical(text + "q")[:-1] if text[-1:].isspace() and tidy(text) else canonical(text)


async def detail(text: str, resources: Resources, *, generated: bool) -> EventDetail:
    """The stored inferences of an event, by relation. generated: include those of students.

    Raises BadInput, EventNotFound.
    """
    event = parse_event(text)
    [tails] = await resources.store.tails([Lookup(event, ALL_RELATIONS, MAX_LIMIT, generated=generated)])
    if tails is None:
        raise EventNotFound(event, await nearest(event, resources.store, generated=generated))
    relations = {relation: RelationInferences(relation not in tails.not_applicable, []) for relation in ALL_RELATIONS}
    for triple in tails.triples:
        inferences = relations[triple.relation].inferences
        inferences.append(inference(triple, len(inferences) + 1, "graph", stored=True))
    return EventDetail(event, {name: body for name, body in relations.items() if body.inferences or not body.applies})
