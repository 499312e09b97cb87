"""A real OpenAI-compatible server that fails as told, and keeps a log of its own: who was answered, and the usage."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from distill.teacher.calls import Usage
from distill.teacher.prices import Prices

FAULTS = (
    "429",
    "429 with Retry-After",
    "500",
    "cut before",
    "cut after",
    "empty",
    "not JSON",
    "wrong number of choices",
    "silence",
)


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
    """Answers each prompt with texts of its own, always the same.

    fault: the fault of the next request, "" for none.
    honours_keys: a repeated Idempotency-Key gets the first reply again, at no cost.
    silence: seconds of a silent reply.
    """

    fault: Callable[[], str] = lambda: ""
    honours_keys: bool = False
    silence: float = 60.0
    write: Callable[[dict[str, Any]], list[str]] | None = None
    """The completions of a request, in place of the prompt's own."""
    answered: list[str] = field(default_factory=list[str])
    """Idempotency-Key of each paid reply, in order."""
    tokens: int = 0
    """Tokens of all paid replies."""
    tokens_told: int = 0
    """Tokens of the replies that were sent whole, with their usage."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompts of all paid replies."""
    most_at_once: int = 0
    prompts: list[str] = field(default_factory=list[str])
    keys_seen: set[str] = field(default_factory=set[str])
    _at_once: int = 0
    _paid: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def app(self) -> Starlette:
        """The application."""
        return Starlette(routes=[Route("/v1/completions", self._complete, methods=["POST"])])

    def forget(self) -> None:
        """Forget all keys and paid replies."""
        self.answered.clear()
        self._paid.clear()

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
            return refusal(request)
        if fault == "cut before":
            return _Cut()
        if fault == "silence":
            await asyncio.sleep(self.silence)
            return _Cut()
        await asyncio.sleep(0.005)
        paid = self._paid.get(key)
        if paid is None or not self.honours_keys:
            paid = self.completion(body)
            self._paid[key] = paid
            self.answered.append(key)
            self.tokens += paid["usage"]["total_tokens"]
        if fault == "cut after":
            return _Cut(b'{"choices": [')
        if fault == "empty":
            return Response()
        if fault == "not JSON":
            return PlainTextResponse("<html>welcome</html>", media_type="text/html")
        self.tokens_told += paid["usage"]["total_tokens"]
        if fault == "wrong number of choices":
            return JSONResponse(paid | {"choices": paid["choices"][1:]})
        return JSONResponse(paid, headers={"set-cookie": "session=1"})

    def completion(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The reply to a prompt. The words that it shares with the prompt before are cached."""
        prompt, n = body["prompt"], body.get("n", 1)
        words = prompt.split()
        before = self.prompts[-1].split() if self.prompts else []
        pairs = zip(words, before, strict=False)
        cached = next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(words), len(before)))
        self.prompts.append(prompt)
        self.prompt_tokens += len(words)
        self.cached_tokens += cached
        usage = {
            "prompt_tokens": len(words),
            "completion_tokens": 7 * n,
            "total_tokens": len(words) + 7 * n,
            "prompt_tokens_details": {"cached_tokens": cached},
        }
        texts = self.write(dict(body)) if self.write is not None else [f" because of {prompt}"] * n
        choices = [
            {"index": i, "text": text, "finish_reason": "stop", "logprobs": None} for i, text in enumerate(texts)
        ]
        return {"id": "1", "object": "text_completion", "created": 0, "model": "t", "choices": choices, "usage": usage}

    def bill(self, prices: Prices) -> int:
        """The price of all paid replies, in nanodollars."""
        return prices.cost(Usage(self.prompt_tokens, self.cached_tokens, self.tokens - self.prompt_tokens)).nanodollars


def _echoed(request: Request) -> Response:
    """The error of a server that repeats what it got."""
    got = request.headers["authorization"]
    return JSONResponse({"error": {"message": f"bad header {got}", "param": got}}, 400, {"x-got": got})


_REFUSALS: dict[str, Callable[[Request], Response]] = {
    "429": lambda _: JSONResponse({"error": {"message": "slow down"}}, 429),
    "429 with Retry-After": lambda _: JSONResponse({"error": {"message": "slow down"}}, 429, {"Retry-After": "1"}),
    "429 for an hour": lambda _: JSONResponse({"error": {"message": "slow down"}}, 429, {"Retry-After": "3600"}),
    "500": lambda _: PlainTextResponse("oops", 500),
    "524": lambda _: PlainTextResponse("a timeout occurred", 524),
    "503": lambda _: PlainTextResponse("starting", 503),
    "bad key": lambda _: JSONResponse({"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}, 401),
    "no model": lambda _: JSONResponse({"error": {"message": "The model does not exist"}}, 404),
    "no money": lambda _: JSONResponse({"error": {"message": "pay", "code": "insufficient_quota"}}, 429),
    "too long": lambda _: JSONResponse({"error": {"message": "maximum context length is 10 tokens"}}, 400),
    "echo": _echoed,
}


def at_random(seed: int, share: float, *faults: str) -> Callable[[], str]:
    """One of the faults for this share of requests."""
    rng = random.Random(seed)
    return lambda: rng.choice(faults) if rng.random() < share else ""
