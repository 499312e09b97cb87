"""Answers as they come: one as server-sent events, many as lines of JSON.

Of one answer, each inference comes as it is there, problems as they happen, the whole answer last.
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Any, TypeVar

import orjson

from schemas.errors import CometgraphError
from schemas.infer import Answer
from service.answering.compose import PartialAnswer, inference
from service.api.accept import EVENT_STREAM, JSON, NDJSON, preferred
from service.api.problems import problem
from service.runtime.cancellation import Disconnect, cancel_on

R = TypeVar("R")


def is_wanted(accept: str) -> bool:
    """True where the client asks for server-sent events by its Accept header."""
    return preferred(accept, (JSON, EVENT_STREAM)) == EVENT_STREAM


def are_lines_wanted(accept: str) -> bool:
    """True where the client asks for a batch as lines of JSON by its Accept header."""
    return preferred(accept, (JSON, NDJSON)) == NDJSON


async def lines(
    results: AsyncGenerator[R | CometgraphError], number: int, gone: Disconnect, answered: Callable[[R], None]
) -> AsyncIterator[bytes]:
    """A line of JSON for each of `number` results, after the first has come: what fails before is an HTTP error.

    `answered` is told of each that is no problem.
    """
    first = await cancel_on(gone, anext(results))
    return _lines(first, results, number, answered)


async def _lines(
    first: R | CometgraphError,
    results: AsyncGenerator[R | CometgraphError],
    number: int,
    answered: Callable[[R], None],
) -> AsyncGenerator[bytes]:
    async with contextlib.aclosing(results):
        result, left = first, number
        try:
            while left:
                if not isinstance(result, CometgraphError):
                    answered(result)
                yield line(result)
                left -= 1
                if left:
                    result = await anext(results)
        except CometgraphError as error:
            # The status is sent already. What failed for all that are left is told of each.
            for _ in range(left):
                yield line(error)


def line(result: Any) -> bytes:
    """A result, or a problem in its place, as a line of JSON."""
    body = problem(result) if isinstance(result, CometgraphError) else result
    return orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)


async def begun(
    parts: AsyncGenerator[PartialAnswer | Answer], limit: int, answered: Callable[[Answer], None]
) -> AsyncIterator[bytes]:
    """The events, after the first part has come: what is wrong before is still an HTTP error. `answered` is told."""
    first = [await anext(parts)]
    if isinstance(first[0], PartialAnswer) and first[0].error is not None:
        first.append(await anext(parts))  # raises where nothing else comes
    return _events(first, parts, limit, answered)


async def _events(
    first: Sequence[PartialAnswer | Answer],
    parts: AsyncGenerator[PartialAnswer | Answer],
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


def _said(part: PartialAnswer | Answer, limit: int) -> bytes:
    if isinstance(part, Answer):
        return _event("answer", part)
    if part.error is not None:
        return _event("problem", problem(part.error) | {"relations": part.relations})
    said = [_event("not_applicable", {"relation": relation}) for relation in part.not_applicable]
    places: dict[str, int] = {}
    for triple in part.triples:
        place = places[triple.relation] = places.get(triple.relation, 0) + 1
        if place <= limit:
            said.append(_event("inference", inference(triple, place, part.source, stored=part.stored)))
    return b"".join(said)


def _event(name: str, data: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS))
