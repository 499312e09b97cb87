"""A real OpenAI-compatible server that fails as told, and keeps a log of its own: who was answered, and the usage."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send


class _Cut(Response):
    """Ends the connection without a reply, or in the middle of one."""

    def __init__(self, content: bytes = b"") -> None:
        super().__init__(content)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % (len(self.body) + 100))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        raise ConnectionError("cut")


@dataclass
class TeacherServer:
    """Answers each prompt with a text of its own, always the same.

    fault: the fault of the next request, "" for none.
    honours_keys: a repeated Idempotency-Key gets the first reply again, at no cost.
    """

    fault: Callable[[], str] = lambda: ""
    honours_keys: bool = False
    write: Callable[[dict[str, Any]], list[str]] = lambda body: [f" because of {body['prompt']}"]
    """The completions of a request."""
    answered: list[str] = field(default_factory=list[str])
    """Idempotency-Key of each paid reply, in order."""
    tokens: int = 0
    """Tokens of all paid replies."""
    most_at_once: int = 0
    prompts: list[str] = field(default_factory=list[str])
    keys_seen: set[str] = field(default_factory=set[str])
    _at_once: int = 0
    _paid: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def app(self) -> Starlette:
        """The application."""
        return Starlette(routes=[Route("/v1/completions", self._complete, methods=["POST"])])

    async def _complete(self, request: Request) -> Response:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            return await self._reply(request)
        finally:
            self._at_once -= 1

    async def _reply(self, request: Request) -> Response:
        key = request.headers["idempotency-key"]
        assert request.headers["x-client-request-id"] == key
        self.keys_seen.add(request.headers.get("authorization", ""))
        body = await request.json()
        fault = self.fault()
        if (refusal := _REFUSALS.get(fault)) is not None:
            return refusal()
        if fault == "cut before":
            return _Cut()
        if fault == "silence":
            await asyncio.sleep(60)
        await asyncio.sleep(0.005)
        paid = self._paid.get(key)
        if paid is None or not self.honours_keys:
            paid = _completion(body, self.write(body))
            self._paid[key] = paid
            self.answered.append(key)
            self.prompts.append(body["prompt"])
            self.tokens += paid["usage"]["total_tokens"]
        if fault == "cut after":
            return _Cut(b'{"choices": [')
        if fault == "no choices":
            return JSONResponse(paid | {"choices": []})
        return JSONResponse(paid)


_REFUSALS: dict[str, Callable[[], Response]] = {
    "429": lambda: JSONResponse({"error": {"message": "slow down"}}, 429),
    "429 with Retry-After": lambda: JSONResponse({"error": {"message": "slow down"}}, 429, {"Retry-After": "1"}),
    "500": lambda: PlainTextResponse("oops", 500),
    "503": lambda: PlainTextResponse("starting", 503),
    "bad key": lambda: JSONResponse({"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}, 401),
    "no model": lambda: JSONResponse({"error": {"message": "The model does not exist"}}, 404),
    "no money": lambda: JSONResponse({"error": {"message": "pay", "code": "insufficient_quota"}}, 429),
}


def _completion(body: dict[str, Any], texts: list[str]) -> dict[str, Any]:
    prompt, written = len(body["prompt"].split()), 7 * len(texts)
    usage = {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}
    choices = [{"index": n, "text": text, "finish_reason": "stop", "logprobs": None} for n, text in enumerate(texts)]
    return {"id": "1", "object": "text_completion", "created": 0, "model": "t", "choices": choices, "usage": usage}


def at_random(seed: int, share: float, *faults: str) -> Callable[[], str]:
    """One of the faults for this share of requests."""
    rng = random.Random(seed)
    return lambda: rng.choice(faults) if rng.random() < share else ""
