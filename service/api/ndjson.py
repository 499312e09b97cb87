"""Batches as lines of JSON (NDJSON): one result or problem on each line, as soon as it and those before it are done."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, TypeVar

import orjson

from schemas.errors import CometgraphError
from service.api.accept import JSON, NDJSON, preferred
from service.api.problems import body_of
from service.runtime.cancellation import Disconnect, cancel_on

R = TypeVar("R")


def is_wanted(accept: str) -> bool:
    """True if the Accept header prefers NDJSON to JSON."""
    return preferred(accept, (JSON, NDJSON)) == NDJSON


def line(result: Any) -> bytes:
    """A result, or an error as a problem, on a line of JSON."""
    return orjson.dumps(body_of(result), option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)


async def lines(
    results: AsyncGenerator[R | CometgraphError], number: int, disconnect: Disconnect, answered: Callable[[R], None]
) -> AsyncIterator[bytes]:
    """The lines of `number` results. This returns after the first, so that an early failure is still an HTTP error.

    disconnect: cancels the work.
    answered: called with each result without error.
    """
    first = await cancel_on(disconnect, anext(results))
    return _lines(first, results, number, answered)


async def _lines(
    first: R | CometgraphError,
    results: AsyncGenerator[R | CometgraphError],
    number: int,
    answered: Callable[[R], None],
) -> AsyncGenerator[bytes]:
    async with contextlib.aclosing(results):
        result, remaining = first, number
        try:
            while remaining:
                if not isinstance(result, CometgraphError):
                    answered(result)
                yield line(result)
                remaining -= 1
                if remaining:
                    result = await anext(results)
        except CometgraphError as error:
            # The status is sent already, so the error of all remaining results takes the place of each.
            for _ in range(remaining):
                yield line(error)
