"""OpenAI's batch endpoint: /files and /batches (https://platform.openai.com/docs/api-reference/batch).

A batch carries the hash of its input file in its metadata, and is looked for before it is created. So none is bought
twice, whatever is cut off or killed between upload, creation and note.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import openai
import orjson
from openai.types import Batch as ServerBatch

from distill.teacher.attempt_errors import REPEATED, Failures, is_final, pause_of, reason_of, retry_after
from distill.teacher.batch_log import Batch

T = TypeVar("T")
_HASH = "cometgraph_input"
_ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
_WINDOW = "24h"
_CLOCK_SECONDS = 86_400.0
"""Largest difference between the server's clock and ours."""


@dataclass(frozen=True, slots=True)
class Line:
    """A result of a batch. name: its custom_id. status: None for a request that was never run."""

    name: str
    status: int | None
    body: bytes
    request_id: str
    reason: str


class BatchApi:
    """The batches of a server. Failed requests are repeated: none of them costs anything.

    All methods raise TeacherRefused for what no repetition mends, and Unavailable for a server that is silent.
    """

    def __init__(self, client: openai.AsyncOpenAI, failures: Failures, poll_seconds: float) -> None:
        self._client = client
        self._failures = failures
        self._poll_seconds = poll_seconds

    async def found_or_created(self, batch: Batch) -> ServerBatch:
        """The server's batch with this input."""

        async def step() -> ServerBatch:
            return await self._found(batch) or await self._created(batch)

        return await self._repeat(step)

    async def ended(self, server_id: str) -> ServerBatch:
        """A batch after its end. Waits up to a day."""
        while True:
            state = await self._repeat(lambda: self._client.batches.retrieve(server_id))
            if state.status in _ENDED:
                return state
            await asyncio.sleep(self._poll_seconds)

    async def lines(self, ended: ServerBatch) -> list[Line]:
        """All results of a batch. Broken lines are left out."""
        lines: list[Line] = []
        for file in (ended.output_file_id, ended.error_file_id):
            if file is not None:
                content = await self._repeat(lambda file=file: self._client.files.content(file))
                lines += _lines(content.content)
        return lines

    async def _found(self, batch: Batch) -> ServerBatch | None:
        async for one in self._client.batches.list(limit=100):  # the newest first
            if (one.metadata or {}).get(_HASH) == batch.hash:
                return one
            if one.created_at < batch.made_at - _CLOCK_SECONDS:
                break
        return None

    async def _created(self, batch: Batch) -> ServerBatch:
        file = await self._client.files.create(file=(f"{batch.hash[:16]}.jsonl", batch.content), purpose="batch")
        endpoint: Any = f"/v1{batch.path}"
        return await self._client.batches.create(
            input_file_id=file.id,
            endpoint=endpoint,
            completion_window=_WINDOW,
            metadata={_HASH: batch.hash},
            extra_headers={"Idempotency-Key": batch.hash},
        )

    async def _repeat(self, step: Callable[[], Awaitable[T]]) -> T:
        return await REPEATED(pause_of, self._once, step)

    async def _once(self, step: Callable[[], Awaitable[T]]) -> T:
        if self._failures.refusal is not None:
            raise self._failures.refusal
        sent = time.monotonic()
        try:
            result = await step()
        except openai.APIStatusError as error:
            if is_final(error.status_code, error.response.content):
                raise self._failures.refused_all(reason_of(error)) from None
            raise self._failures.failed(reason_of(error), sent, retry_after(error.response.headers)) from None
        except (openai.APIError, ValueError) as error:  # no connection, or no JSON
            raise self._failures.failed(reason_of(error), sent) from None
        self._failures.answered()
        return result


def _lines(content: bytes) -> Iterator[Line]:
    for row in content.splitlines():
        try:
            value: Any = orjson.loads(row)
            response, error = value.get("response") or {}, value.get("error") or {}
            body = response.get("body")
            reason = error.get("message") or (body or {}).get("error", {}).get("message") or ""
            yield Line(
                str(value["custom_id"]),
                response.get("status_code"),
                orjson.dumps(body) if body is not None else b"",
                str(response.get("request_id") or ""),
                str(reason),
            )
        except (orjson.JSONDecodeError, KeyError, AttributeError):
            continue
