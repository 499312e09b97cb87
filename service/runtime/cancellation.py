"""Cancellation of work after a client disconnect."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from schemas.errors import Unavailable

T = TypeVar("T")
Disconnect = Callable[[], Awaitable[None]]
"""Returns after the client has disconnected."""


async def cancel_on(gone: Disconnect | None, work: Awaitable[T]) -> T:
    """The result of the work. A client disconnect cancels the work, and raises Unavailable."""
    if gone is None:
        return await work
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(gone())
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise Unavailable("the client hung up")
    finally:
        working.cancel()
        leaving.cancel()
