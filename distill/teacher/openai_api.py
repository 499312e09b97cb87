"""A teacher behind an OpenAI-compatible server. Each attempt at a call is in the call log.

The client's own retries are off, since the log would not see them.
"""

import asyncio
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import httpx2
import openai
import orjson

from distill.teacher.attempt_errors import (
    REPEATED,
    Failures,
    is_final,
    is_of_gateway,
    is_unsent,
    pause_of,
    reason_of,
    retry_after,
)
from distill.teacher.call_log import CallLog
from distill.teacher.calls import Attempt, Call, Cost, Reply, Usage
from distill.teacher.pace import Pace
from distill.teacher.patience import Patience
from distill.teacher.prices import Prices
from distill.teacher.requests import completion_tokens
from schemas.errors import Unavailable

_SECRET_HEADERS = frozenset({"set-cookie", "authorization", "proxy-authenticate"})


def open_client(url: str, key: str, patience: Patience) -> openai.AsyncOpenAI:
    """A client without retries, and without the proxies of the environment."""
    limits = openai.Timeout(patience.silence, connect=patience.connect, pool=None)
    connections = httpx2.Limits(max_connections=None, max_keepalive_connections=100)
    return openai.AsyncOpenAI(
        base_url=url,
        api_key=key or "none",
        max_retries=0,
        timeout=limits,
        http_client=openai.DefaultAsyncHttpxClient(limits=connections, trust_env=False),
    )


class OpenAiTeacher:
    """Answers calls, from the log if it has the reply.

    url: the server's address, with /v1.
    key: its API key, or empty. The log never has it, even if the server repeats it in a reply.
    """

    def __init__(
        self, url: str, key: str, log: CallLog, pace: Pace, prices: Prices, patience: Patience | None = None
    ) -> None:
        self.url = url
        self.at_once = pace.most
        self._key = key.encode()
        self._log = log
        self._pace = pace
        self._prices = prices
        self._patience = patience or Patience()
        self._client = open_client(url, key, self._patience)
        self._failures = Failures(url, self._patience.run)
        self._waiting = set[asyncio.Task[Any]]()

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    def stop(self) -> None:
        self._failures.refusal = Unavailable("the teacher was stopped", None)
        for task in self._waiting:  # a pause that the server asks for may be long
            task.cancel()

    async def reply(self, call: Call) -> Reply:
        """The reply of a call. Attempts without a reply are repeated, with growing pauses. See `Teacher`."""
        task = cast(asyncio.Task[Any], asyncio.current_task())
        self._waiting.add(task)
        try:
            return await self._log.stored(call) or await REPEATED(pause_of, self._attempt, call)
        finally:
            self._waiting.discard(task)

    async def _attempt(self, call: Call) -> Reply:
        body = call.request["body"]
        ceiling = self._prices.ceiling(len(orjson.dumps(body)), completion_tokens(body))
        async with self._pace.slot(ceiling.tokens):
            if self._failures.refusal is not None:
                raise self._failures.refusal
            claimed = await self._log.claim(call, ceiling)
            if isinstance(claimed, Reply):
                return claimed
            with self._under_way():
                return await self._send(claimed, ceiling)

    @contextmanager
    def _under_way(self) -> Generator[None]:
        """An attempt that `stop` leaves to its end."""
        task = cast(asyncio.Task[Any], asyncio.current_task())
        self._waiting.discard(task)
        try:
            yield
        finally:
            self._waiting.add(task)

    async def _send(self, attempt: Attempt, ceiling: Cost) -> Reply:
        """One attempt. Its end is in the log before anything else happens.

        A reply without usage costs its ceiling.
        """
        sent = time.monotonic()
        try:
            async with asyncio.timeout(self._patience.call):
                response = await self._post(attempt.call)
        except openai.APIStatusError as error:
            raise self._refused(attempt, error, sent) from None
        except (openai.APIConnectionError, TimeoutError) as error:
            raise self._lost(attempt, error, sent) from None
        except asyncio.CancelledError:
            self._log.unknown(attempt, "cancelled")
            raise
        content = self._without_key(response.content)
        usage = usage_of(content)
        reply = Reply(response.status_code, self._public(response.headers), content, usage or Usage())
        cost = ceiling if usage is None else self._prices.cost(usage)
        stored = asyncio.wrap_future(self._log.answered(attempt, reply, cost))
        await asyncio.shield(stored)  # a cancelled caller does not undo what is paid
        self._failures.answered()
        self._pace.answered()
        return reply

    async def _post(self, call: Call) -> httpx2.Response:
        headers = {"Idempotency-Key": call.key, "X-Client-Request-Id": call.key}
        return await self._client.post(
            call.request["path"],
            cast_to=httpx2.Response,
            body=call.request["body"],
            options={"headers": headers, "max_retries": 0},
        )

    def _refused(self, attempt: Attempt, error: openai.APIStatusError, sent: float) -> Exception:
        """The error of a reply with an error status. It is unpaid, unless a gateway has sent it."""
        status, body = error.status_code, self._without_key(error.response.content)
        reason = self._without_key(reason_of(error).encode()).decode()
        note = self._log.unknown if is_of_gateway(status) else self._log.refused
        note(attempt, reason, status, body)
        if is_final(status, body):
            return self._failures.refused(reason, status)
        pause = retry_after(error.response.headers)
        if status in (429, 503):
            self._pace.refused(pause or 0.0)
        return self._failures.failed(reason, sent, pause)

    def _lost(self, attempt: Attempt, error: Exception, sent: float) -> Exception:
        """The error of an attempt without a reply. Without a connection it is certainly unpaid."""
        reason = reason_of(error)
        note = self._log.refused if is_unsent(error) else self._log.unknown
        note(attempt, reason)
        self._pace.refused()
        return self._failures.failed(reason, sent)

    def _without_key(self, content: bytes) -> bytes:
        return content.replace(self._key, b"[key]") if self._key else content

    def _public(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers without secrets."""
        return {
            name: self._without_key(value.encode()).decode()
            for name, value in headers.items()
            if name.lower() not in _SECRET_HEADERS
        }


def usage_of(body: bytes) -> Usage | None:
    """The usage of a reply. None for one without."""
    try:
        usage: Any = orjson.loads(body)["usage"]
        details = usage.get("prompt_tokens_details") or {}
        return Usage(
            int(usage.get("prompt_tokens") or 0),
            int(details.get("cached_tokens") or 0),
            int(usage.get("completion_tokens") or 0),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError):
        return None
