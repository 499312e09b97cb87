"""An answer as server-sent events: each inference as it is there, problems as they happen, the whole answer last."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Any

import orjson

from schemas.errors import CometgraphError
from schemas.questions import Answer
from service.composing import Part, inference
from service.problems import problem

MEDIA_TYPE = "text/event-stream"


def is_wanted(accept: str) -> bool:
    """True where the client asks for a stream by its Accept header."""
    return MEDIA_TYPE in accept


async def begun(
    parts: AsyncGenerator[Part | Answer], limit: int, answered: Callable[[Answer], None]
) -> AsyncIterator[bytes]:
    """The events, after the first part has come: what is wrong before is still an HTTP error. `answered` is told."""
    first = [await anext(parts)]
    if isinstance(first[0], Part) and first[0].error is not None:
        first.append(await anext(parts))  # raises where nothing else comes
    return _events(first, parts, limit, answered)


async def _events(
    first: Sequence[Part | Answer],
    parts: AsyncGenerator[Part | Answer],
    limit: int,
    answered: Callable[[Answer], None],
) -> AsyncGenerator[bytes]:
    try:
        for part in first:
            yield _said(part, limit)
        async for part in parts:
            yield _said(part, limit)
            if isinstance(part, Answer):
                answered(part)
    except CometgraphError as error:
        yield _event("problem", problem(error))
    finally:
        await parts.aclose()


def _said(part: Part | Answer, limit: int) -> bytes:
    if isinstance(part, Answer):
        return _event("answer", part)
    if part.error is not None:
        return _event("problem", problem(part.error) | {"relations": part.relations})
    said = [_event("not_applicable", {"relation": relation}) for relation in part.not_applicable]
    places: dict[str, int] = {}
    for triple in part.triples:
        place = places[triple.relation] = places.get(triple.relation, 0) + 1
        if place <= limit:
            said.append(_event("inference", inference(triple, place, part.rung, stored=part.stored)))
    return b"".join(said)


def _event(name: str, data: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS))
