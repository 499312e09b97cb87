"""The replies of many calls, in order. Useless replies are asked again, within a limit."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from dataclasses import replace

from distill.teacher.call_log import BudgetSpent
from distill.teacher.calls import Call, CallRefused, Reply
from distill.teacher.choices import is_useful
from distill.teacher.teacher import Teacher

Result = Reply | BudgetSpent | CallRefused
"""The reply of a call, or the reason for none."""

_UNDER_WAY = 1_000
"""Least number of calls that wait for the teacher. Its own limit of concurrency is mostly lower."""


async def replies(teacher: Teacher, calls: Iterable[Call], repetitions: int) -> AsyncGenerator[tuple[Call, Result]]:
    """Each call with its reply, in order, or with the reason for none.

    repetitions: most further calls after a useless reply. The last reply counts, with the call that it came from.

    An early end stops the teacher, and waits for the calls under way: their replies are paid. Raises the errors of
    the teacher.
    """

    async def answered(call: Call) -> tuple[Call, Result]:
        while True:
            try:
                reply = await teacher.reply(call)
            except (BudgetSpent, CallRefused) as error:
                return call, error
            if is_useful(reply) or call.again >= repetitions:
                return call, reply
            call = replace(call, again=call.again + 1)

    waiting = iter(calls)
    most = max(_UNDER_WAY, teacher.at_once)
    under_way = deque[asyncio.Task[tuple[Call, Result]]]()
    try:
        while True:
            while len(under_way) < most and (call := next(waiting, None)) is not None:
                under_way.append(asyncio.create_task(answered(call)))
            if not under_way:
                return
            yield await under_way.popleft()
    except BaseException:
        teacher.stop()
        raise
    finally:
        await asyncio.gather(*under_way, return_exceptions=True)
