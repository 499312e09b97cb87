"""The entry of a request: CORS, the prefix of a proxy, then the endpoint of GET /infer or FastAPI."""

from typing import Any

from fastapi import FastAPI
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.infer_endpoint import InferEndpoint
from service.api.middleware.cors import with_cors


class Application(FastAPI):
    """FastAPI, and beside it the endpoint of GET /infer below the same middleware.

    prefix: path of the service behind a proxy. It is cut off if the proxy has left it.
    origins: origins of pages with access by CORS.
    """

    def __init__(self, prefix: str, origins: frozenset[str], **options: Any) -> None:
        super().__init__(**options)
        self._prefix = prefix
        self._infer: ASGIApp | None = None
        # Outside of everything else: a problem needs the headers, too, and a preflight comes without an API key.
        self._entry = with_cors(self._dispatch, origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._prefix and scope["type"] == "http" and scope["path"].startswith(f"{self._prefix}/"):
            scope = {**scope, "path": scope["path"].removeprefix(self._prefix)}
        await self._entry(scope, receive, send)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not InferEndpoint.matches(scope):
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
