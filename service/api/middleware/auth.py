"""Host, API key, rate limit and body size, checked before anything else happens."""

from dataclasses import replace

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas.errors import CometgraphError, KeyMissing, TooLarge
from service.answering.caller import Caller
from service.api.middleware.api_keys import Keys
from service.api.middleware.hosts import Hosts
from service.api.middleware.rate_limit import Rate
from service.api.problems import problem_response

_OPEN = frozenset({"/health", "/ready", "/docs", "/docs/errors", "/openapi.json"})
_ASSETS = "/swagger/"
_PROBES = frozenset({"/health", "/ready"})
"""Routes of monitoring, which asks by address."""
_ANYONE = frozenset({"read", "write"})


class AuthMiddleware:
    """Passes a request on with `scope["caller"]`, or answers it by a problem."""

    def __init__(self, app: ASGIApp, hosts: Hosts, keys: Keys, rate: Rate, max_body_bytes: int) -> None:
        self.app = app
        self.hosts = hosts
        self.keys = keys
        self.rate = rate
        self.max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            if scope["path"] not in _PROBES:
                self.hosts.check(scope)
            if not _is_open(scope["path"]):
                scope["caller"] = caller = self._caller(scope)
                caller.need("read")
            if scope["method"] not in ("GET", "HEAD"):
                receive = self._limited(scope, receive)
        except CometgraphError as error:
            await problem_response(error)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _caller(self, scope: Scope) -> Caller:
        """The caller of a request, counted. A wrong key counts for the client's address, apart from right ones.

        Raises KeyMissing, TooManyRequests.
        """
        client = scope.get("client")
        address = client[0] if client else "local"
        try:
            caller = self.keys.caller(_secret(scope)) if self.keys else Caller(address, _ANYONE)
        except KeyMissing:
            self.rate.count("wrong key", address)
            raise
        self.rate.count("caller", caller.name)
        return replace(caller, foreign=True) if self.hosts.is_foreign(scope) else caller

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        """Receive a body up to the limit. Raises TooLarge, at once for a Content-Length over the limit."""
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdigit() and int(announced) > self.max_body_bytes:
            raise TooLarge(self.max_body_bytes)
        size = 0

        async def limited() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self.max_body_bytes:
                raise TooLarge(self.max_body_bytes)
            return message

        return limited


def _is_open(path: str) -> bool:
    return path in _OPEN or path.startswith(_ASSETS) or path == "/"


def _secret(scope: Scope) -> str | None:
    headers = Headers(scope=scope)
    if (key := headers.get("x-api-key")) is not None:
        return key
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None
