"""One log line, the metrics and Server-Timing of each request."""

import logging
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.answering.privacy import has_private_keep
from service.api.metrics import Metrics

_logger = logging.getLogger("cometgraph.requests")


class AccessLogMiddleware:
    """Measures and logs each request.

    log_events: log path and query, unless the question is private.
    keeps: the setting `keep`. Without it, every question is private.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, log_events: bool, keeps: bool) -> None:
        self.app = app
        self.metrics = metrics
        self.log_events = log_events
        self.keeps = keeps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def timed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                total = f"total;dur={(time.perf_counter() - started) * 1000:.3f}"
                answer: float | None = scope.get("answer_ms")
                timing = total if answer is None else f"answer;dur={answer:.3f}, {total}"
                message["headers"].append((b"server-timing", timing.encode()))
            await send(message)

        self.metrics.in_flight.inc()
        try:
            await self.app(scope, receive, timed)
        finally:
            self.metrics.in_flight.dec()
            self._log(scope, status, time.perf_counter() - started)

    def _log(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        self.metrics.count(route, status, seconds)
        if _logger.isEnabledFor(logging.INFO):
            caller = scope.get("caller")
            fields: dict[str, Any] = {
                "method": scope["method"],
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 3),
                "caller": caller.name if caller else None,
            }
            if self.log_events and self.keeps and not has_private_keep(scope["query_string"]):
                fields["path"] = scope["path"]
                fields["query"] = scope["query_string"].decode("latin-1")
            _logger.info("request", extra={"said": fields})
