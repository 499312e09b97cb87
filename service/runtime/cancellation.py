"""Work that is cancelled when nobody waits for it any more."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from schemas.errors import Unavailable

T = TypeVar("T")
Disconnect = Callable[[], Awaitable[None]]
"""Returns when the asker has hung up."""


async def cancel_on(gone: Disconnect | None, work: Awaitable[T]) -> T:
    """The work's result; when the asker is gone before, the work is cancelled. Raises Unavailable then."""
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
