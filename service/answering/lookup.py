"""Questions looked up in the graph: word for word, then as normalized."""

from collections.abc import Sequence

from graph.stores.protocol import Lookup, Search, Store, Tails
from graph.stores.search_terms import search_words
from schemas.errors import CometgraphError
from schemas.infer import Question
from schemas.relations import RELATIONS
from service.runtime.normalizer import NormalizedQuestion, as_it_is
from service.runtime.resources import Resources

ALL_RELATIONS = tuple(RELATIONS)
NEAREST = 5


async def known(question: Question, resources: Resources) -> tuple[NormalizedQuestion, Tails | None]:
    """How the event of a question is read, and what the graph says of it. Raises BadInput.

    Most events are stored word for word. For them this is all that there is to do.
    """
    if question.clause is None:
        read = as_it_is(question.event)
        [tails] = await resources.store.tails([_lookup(read.event, question)])
        if tails is not None:
            return read, tails
    [result] = await known_or_wrong([question], resources)
    if isinstance(result, CometgraphError):
        raise result
    return result


async def known_or_wrong(
    asked: Sequence[Question], resources: Resources
) -> list[tuple[NormalizedQuestion, Tails | None] | CometgraphError]:
    """The same for many, with errors in their places. What is stored word for word is taken so; the rest is read."""
    reads = [as_it_is(question.event) for question in asked]
    tails = await resources.store.tails([_lookup(r.event, q) for r, q in zip(reads, asked, strict=True)])
    found: list[tuple[NormalizedQuestion, Tails | None] | CometgraphError] = list(zip(reads, tails, strict=True))
    unread = [
        n
        for n, question in enumerate(asked)
        if not question.as_is and (tails[n] is None or question.clause is not None)
    ]
    again: list[tuple[int, NormalizedQuestion]] = []
    for n in unread:
        try:
            read = await resources.normalizer.read(asked[n].event, asked[n].clause)
        except CometgraphError as error:
            found[n] = error
            continue
        found[n] = (read, tails[n] if read.event == reads[n].event else None)
        if read.event != reads[n].event:
            again.append((n, read))
    if again:
        known = await resources.store.tails([_lookup(read.event, asked[n]) for n, read in again])
        for (n, read), one in zip(again, known, strict=True):
            found[n] = (read, one)
    return found


async def nearest(event: str, store: Store, *, generated: bool) -> list[str]:
    """Known events that share words with this one, best first; with `generated` those of students, too."""
    words = search_words(event)
    return await store.events(Search(NEAREST, words=words, generated=generated)) if words else []


def _lookup(event: str, question: Question) -> Lookup:
    return Lookup(
        event,
        question.relation or ALL_RELATIONS,
        question.limit,
        question.min_p_valid,
        question.origin,
        generated=question.mode != "graph",
    )
