"""Cancellation of work after a client disconnect."""

import asyncio

import pytest

from schemas.errors import Unavailable
from service.runtime.cancellation import cancel_on

pytestmark = pytest.mark.anyio


async def test_a_client_disconnect_cancels_the_work() -> None:
    gone, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async def leave() -> None:
        await gone.wait()

    working = asyncio.create_task(cancel_on(leave, work()))
    await asyncio.sleep(0.01)
    gone.set()
    with pytest.raises(Unavailable):
        await working
    await asyncio.wait_for(ended.wait(), 1)
