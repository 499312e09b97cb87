"""GET /infer on the shortest way from a query string to an answer.

FastAPI takes longer for a request than the cache for an answer, and as long as the embedded store for a lookup. So
this one route is a plain ASGI endpoint below the same middleware. FastAPI's own route describes it in the OpenAPI
document, and answers with streams.
"""

import time
from typing import Any

from cachetools import LRUCache
from fastapi import FastAPI
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from schemas.errors import CometgraphError
from schemas.infer import Question
from service.answering import cascade as answering
from service.answering.keep import is_private
from service.api import sse as streaming
from service.api.disconnect import client_disconnected
from service.api.parameters import question_of
from service.api.problems import logged_response

QUESTIONS = 10_000
"""Questions of the last short query strings that stay in memory: 20 MB at most."""
SHORT = 500
"""Bytes of a short query string."""


class InferEndpoint:
    """Answers from the cache, else by the cascade."""

    path = "/infer"

    def __init__(self) -> None:
        self._questions: LRUCache[bytes, Question] = LRUCache(QUESTIONS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self  # as Starlette's routes do; names the route in metrics and log
        try:
            body = await self._body(scope, receive)
        except CometgraphError as error:
            await logged_response(error, scope)(scope, receive, send)
            return
        headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        started = time.perf_counter()
        state = scope["app"].state
        question = self._question(scope["query_string"], keeps=state.resources.keeps)
        entry = state.answer_cache.find(question)
        if entry is not None:
            state.metrics.answered_from_cache(entry.source)
            return entry.body_with((time.perf_counter() - started) * 1000)
        since = state.answer_cache.moment()
        sourced = await answering.sourced(question, state.resources, scope["caller"], client_disconnected(receive))
        scope["answer_ms"] = sourced.answer.took_ms
        state.metrics.answered(sourced.answer)
        return state.answer_cache.keep(question, sourced, since)

    def _question(self, query: bytes, *, keeps: bool) -> Question:
        """The question of a query string. The last ones stay in memory, except where no trace of them may stay."""
        question = self._questions.get(query)
        if question is None:
            question = question_of(query)
            if len(query) <= SHORT and not is_private(question, keeps=keeps):
                self._questions[query] = question
        return question


class Application(FastAPI):
    """FastAPI, beside it the endpoint of GET /infer below the same middleware."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._infer: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != InferEndpoint.path or not _is_plain(scope):
            await super().__call__(scope, receive, send)
            return
        if self._infer is None:
            self._infer = self._below_middleware(InferEndpoint())
        scope["app"] = self
        await self._infer(scope, receive, send)

    def _below_middleware(self, endpoint: ASGIApp) -> ASGIApp:
        for kind, arguments, options in reversed(self.user_middleware):
            endpoint = kind(endpoint, *arguments, **options)
        return ServerErrorMiddleware(endpoint, handler=self.exception_handlers[Exception])


def _is_plain(scope: Scope) -> bool:
    """True for a GET or HEAD that wants no stream."""
    if scope["method"] not in ("GET", "HEAD"):
        return False
    accept = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return not streaming.is_wanted(accept.decode("latin-1"))
