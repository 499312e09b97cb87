"""Answers to GET /infer kept ready as bytes, given before the application does any work.

An answer is kept under the store's generation and never used under another, so none is stale; where others may write
to the store unseen, nothing is kept.
"""

import time
from collections import OrderedDict
from types import SimpleNamespace

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from schemas.questions import Answer
from service.streaming import is_wanted

_PATH = "/infer"
_TOOK = b'"took_ms":'
_ROUTE = SimpleNamespace(path=_PATH)


class ReadyAnswers:
    """The `size` answers asked for last, by query string."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._bodies: OrderedDict[bytes, tuple[int, bytes]] = OrderedDict()

    def find(self, query: bytes, generation: int | None) -> bytes | None:
        """The body for a query string, where it is ready; the time it took is written anew."""
        started = time.perf_counter()
        kept = self._bodies.get(query)
        if kept is None or kept[0] != generation:
            return None
        self._bodies.move_to_end(query)
        return kept[1] + b"%.3f}" % ((time.perf_counter() - started) * 1000)

    def keep(self, scope: Scope, generation: int | None, answer: Answer, *, is_cacheable: bool) -> bytes:
        """The body of an answer found under `generation`, from now on ready for the same query string.

        One that was written live, or that lacks something, is not kept: the next may be better.
        """
        body = orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS)
        if is_cacheable and generation is not None and self._size and answer.stored and not answer.degraded:
            head, took, _ = body.rpartition(_TOOK)
            self._bodies[scope["query_string"]] = (generation, head + took)
            if len(self._bodies) > self._size:
                self._bodies.popitem(last=False)
        return body


class ReadyFirst:
    """Gives the answers that are ready; all else goes on to the application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == _PATH and scope["method"] == "GET" and not _streams(scope):
            state = scope["app"].state
            body = state.ready_answers.find(scope["query_string"], state.house.store.generation)
            if body is not None:
                scope["route"] = _ROUTE
                state.metrics.ready_answers.inc()
                await Response(body, media_type="application/json")(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _streams(scope: Scope) -> bool:
    accept = [value for name, value in scope["headers"] if name == b"accept"]
    return bool(accept) and is_wanted(b",".join(accept).decode("latin-1"))
