"""GET /infer on the shortest path from a query string to an answer.

FastAPI takes longer for a request than the cache for an answer, and as long as the embedded store for a lookup. So this
route is a plain ASGI endpoint below the same middleware. FastAPI's own route describes it in the OpenAPI document, and
answers with streams.
"""

import time

from cachetools import LRUCache
from starlette.types import Receive, Scope, Send

from schemas.errors import CometgraphError
from schemas.infer import Question
from service.answering import cascade
from service.answering.privacy import is_private
from service.api import sse
from service.api.disconnect import client_disconnected
from service.api.parameters import question_of
from service.api.problems import logged_response
from service.runtime.cancellation import cancel_on

QUESTIONS = 10_000
"""Questions of the last short query strings in memory: 20 MB at most."""
SHORT = 500
"""Maximum length of a short query string, in bytes."""


class InferEndpoint:
    """Answers from the cache, else by the cascade."""

    path = "/infer"

    def __init__(self) -> None:
        self._questions: LRUCache[bytes, Question] = LRUCache(QUESTIONS)

    @classmethod
    def matches(cls, scope: Scope) -> bool:
        """True for a GET or HEAD of /infer without a wish for a stream."""
        if scope["type"] != "http" or scope["path"] != cls.path or scope["method"] not in ("GET", "HEAD"):
            return False
        accept = b",".join(value for name, value in scope["headers"] if name == b"accept")
        return not sse.is_wanted(accept.decode("latin-1"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self  # as Starlette's routes do: names the route in metrics and log
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
        record = await cancel_on(
            client_disconnected(receive), cascade.answer_record(question, state.resources, scope["caller"])
        )
        scope["answer_ms"] = record.answer.took_ms
        state.metrics.answered(record.answer)
        return state.answer_cache.keep(question, record, since)

    def _question(self, query: bytes, *, keeps: bool) -> Question:
        """The question of a query string. Short ones stay in memory, private ones do not."""
        question = self._questions.get(query)
        if question is None:
            question = question_of(query)
            if len(query) <= SHORT and not is_private(question, keeps=keeps):
                self._questions[query] = question
        return question
