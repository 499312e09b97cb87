"""An answer as server-sent events: each inference as it comes, problems as they happen, the whole answer last."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Any

import orjson

from schemas.errors import CometgraphError
from schemas.infer import Answer
from service.answering.compose import PartialAnswer, inference
from service.api.accept import EVENT_STREAM, JSON, preferred
from service.api.problems import problem


def is_wanted(accept: str) -> bool:
    """True if the Accept header prefers server-sent events to JSON."""
    return preferred(accept, (JSON, EVENT_STREAM)) == EVENT_STREAM


async def events(
    parts: AsyncGenerator[PartialAnswer | Answer], limit: int, answered: Callable[[Answer], None]
) -> AsyncIterator[bytes]:
    """The events of an answer. This returns after the first part, so that an early failure is still an HTTP error.

    parts: see `service.answering.cascade.stream`.
    limit: maximum inferences of each relation.
    answered: called with the whole answer.
    """
    first = [await anext(parts)]
    if isinstance(first[0], PartialAnswer) and first[0].error is not None:
        first.append(await anext(parts))  # raises if there is nothing else
    return _events(first, parts, limit, answered)


async def _events(
    first: Sequence[PartialAnswer | Answer],
    parts: AsyncGenerator[PartialAnswer | Answer],
    limit: int,
    answered: Callable[[Answer], None],
) -> AsyncGenerator[bytes]:
    try:
        for part in first:
            yield _part(part, limit)
            if isinstance(part, Answer):
                answered(part)
        async for part in parts:
            yield _part(part, limit)
            if isinstance(part, Answer):
                answered(part)
    except CometgraphError as error:
        yield _event("problem", problem(error))
    finally:
        await parts.aclose()


def _part(part: PartialAnswer | Answer, limit: int) -> bytes:
    if isinstance(part, Answer):
        return _event("answer", part)
    if part.error is not None:
        return _event("problem", problem(part.error) | {"relations": part.relations})
    blocks = [_event("not_applicable", {"relation": relation}) for relation in part.not_applicable]
    places: dict[str, int] = {}
    for triple in part.triples:
        place = places[triple.relation] = places.get(triple.relation, 0) + 1
        if place <= limit:
            blocks.append(_event("inference", inference(triple, place, part.source, stored=part.stored)))
    return b"".join(blocks)


def _event(name: str, data: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS))
