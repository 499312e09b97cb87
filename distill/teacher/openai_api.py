"""A teacher behind an OpenAI-compatible server. Each attempt at a call is in the call log.

The client's own retries are off, since the log would not see them.
"""

import asyncio
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import openai
import orjson
import stamina

from distill.teacher.call_log import CallLog
from distill.teacher.calls import Attempt, Call, Cost, Reply, TeacherRefused, Usage
from distill.teacher.pace import Pace
from distill.teacher.patience import Patience
from distill.teacher.prices import Prices
from schemas.errors import Unavailable

_UNPAID = frozenset({408, 409, 425, 429, 500, 503})
"""Statuses of a server that did not do the work, and may do it later."""
_REPEATED = stamina.AsyncRetryingCaller(attempts=None, timeout=None, wait_initial=0.5, wait_max=60.0, wait_jitter=1.0)
"""Repeats attempts without limit. `Patience.run` ends them."""
_LONGEST_RETRY_AFTER = 3600.0


class _Again(Exception):
    """An attempt without a reply. Another one may succeed, after `pause` seconds if the server names a time."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


class OpenAiTeacher:
    """Answers calls, from the log if it has the reply.

    url: the server's address, with /v1.
    key: its API key, or empty. It is neither logged nor stored.
    """

    def __init__(
        self, url: str, key: str, log: CallLog, pace: Pace, prices: Prices, patience: Patience | None = None
    ) -> None:
        self.url = url
        self.at_once = pace.most
        self._log = log
        self._pace = pace
        self._prices = prices
        self._patience = patience or Patience()
        limits = openai.Timeout(self._patience.silence, connect=self._patience.connect, pool=None)
        connections = httpx2.Limits(max_connections=None, max_keepalive_connections=100)
        self._client = openai.AsyncOpenAI(
            base_url=url,
            api_key=key or "none",
            max_retries=0,
            timeout=limits,
            http_client=openai.DefaultAsyncHttpxClient(limits=connections, trust_env=False),
        )
        self._last_reply = time.monotonic()
        self._refusal: TeacherRefused | Unavailable | None = None

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    def stop(self) -> None:
        self._refusal = Unavailable("the teacher was stopped", None)

    async def reply(self, call: Call) -> Reply:
        """The reply of a call. Attempts without a reply are repeated, with growing pauses.

        Raises BudgetSpent, TeacherRefused for what no repetition mends, and Unavailable for a server that answered
        nothing during `Patience.run`.
        """
        return await _REPEATED(_pause, self._attempt, call)

    async def _attempt(self, call: Call) -> Reply:
        body = call.request["body"]
        ceiling = self._prices.ceiling(len(orjson.dumps(body)), _completion_tokens(body))
        async with self._pace.slot(ceiling.tokens):
            if self._refusal is not None:
                raise self._refusal
            claimed = await self._log.claim(call, ceiling)
            if isinstance(claimed, Reply):
                return claimed
            return await self._send(claimed, ceiling)

    async def _send(self, attempt: Attempt, ceiling: Cost) -> Reply:
        """One attempt. Its end is in the log before anything else happens.

        A reply without usage costs its ceiling.
        """
        try:
            async with asyncio.timeout(self._patience.call):
                response = await self._post(attempt.call)
        except openai.APIStatusError as error:
            raise self._refused(attempt, error) from None
        except (openai.APIConnectionError, TimeoutError) as error:
            raise self._lost(attempt, error) from None
        except asyncio.CancelledError:
            self._log.unknown(attempt, "cancelled")
            raise
        usage = _usage(response.content)
        reply = Reply(response.status_code, dict(response.headers), response.content, usage or Usage())
        cost = ceiling if usage is None else self._prices.cost(usage)
        await asyncio.wrap_future(self._log.answered(attempt, reply, cost))
        self._last_reply = time.monotonic()
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

    def _refused(self, attempt: Attempt, error: openai.APIStatusError) -> Exception:
        """The error of a reply with an error status. All statuses but 502 and 504, of gateways, are unpaid."""
        status, body = error.status_code, error.response.content
        reason = f"status {status}: {_words(error.message)}"
        if status in (502, 504):
            self._log.unknown(attempt, reason, status, body)
        else:
            self._log.refused(attempt, reason, status, body)
        if _is_final(status, body):
            self._refusal = TeacherRefused(f"{self.url} refuses: {reason}")
            return self._refusal
        pause = _retry_after(error.response.headers)
        if status in (429, 503):
            self._pace.refused(pause or 0.0)
        return self._again(reason, pause)

    def _lost(self, attempt: Attempt, error: Exception) -> Exception:
        """The error of an attempt without a reply. Without a connection it is certainly unpaid."""
        cause = error.__cause__ or error
        reason = f"{type(cause).__name__}: {_words(str(cause))}".rstrip(": ")
        if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout):
            self._log.refused(attempt, reason)
        else:
            self._log.unknown(attempt, reason)
        self._pace.refused()
        return self._again(reason, None)

    def _again(self, reason: str, pause: float | None) -> Exception:
        silent = time.monotonic() - self._last_reply
        if silent > self._patience.run:
            return Unavailable(f"{self.url} gave no reply for {silent:.0f} s ({reason}); run it again to go on", None)
        return _Again(reason, pause)


def _pause(error: Exception) -> bool | float:
    """For stamina: the pause that a server asks for, else its own growing one."""
    if not isinstance(error, _Again):
        return False
    return True if error.pause is None else error.pause


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of Retry-After (RFC 9110, 10.2.3), or of the more exact retry-after-ms. None without a valid one."""
    try:
        if (milliseconds := headers.get("retry-after-ms")) is not None:
            return min(_LONGEST_RETRY_AFTER, max(0.0, float(milliseconds) / 1000))
        text = headers.get("retry-after", "")
        seconds = float(text) if text.strip().isdigit() else parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, TypeError):
        return None
    return min(_LONGEST_RETRY_AFTER, max(0.0, seconds))


def _is_final(status: int, body: bytes) -> bool:
    """True if no repetition mends it. A 429 is final for an account without money."""
    if status == 429:
        return b"insufficient_quota" in body or b"billing_hard_limit" in body
    return status < 500 and status not in _UNPAID


def _usage(body: bytes) -> Usage | None:
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


def _completion_tokens(body: Mapping[str, Any]) -> int:
    """The most tokens that all completions of a request can have."""
    most = body.get("max_completion_tokens") or body["max_tokens"]
    return int(most) * max(int(body.get("n") or 1), int(body.get("best_of") or 1))


def _words(text: str) -> str:
    return " ".join(text.split())[:200]
