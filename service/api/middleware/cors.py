"""CORS: web pages of other origins with access to the API."""

import re

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from schemas.errors import BadInput

ANY = "*"
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>[^\s:/?#@\[\]*,\\]+|\[[0-9a-f:.]+\])(?::(?P<port>\d{1,5}))?")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_FORM = "an origin such as https://app.example.org or http://localhost:3000, or * for any"
_PREFLIGHT_SECONDS = 600


def parse_origins(text: str) -> frozenset[str]:
    """The origins of the setting `cors_origin`, spelt as browsers do. Raises BadInput."""
    return frozenset(_parsed(entry.strip()) for entry in text.split(",") if entry.strip())


def _parsed(entry: str) -> str:
    parts = _ORIGIN.fullmatch(entry.lower())
    if entry != ANY and parts is None:
        raise BadInput.of("cors_origin", entry, _FORM)
    if parts is None or parts["port"] != _DEFAULT_PORTS[parts["scheme"]]:
        return entry.lower()
    return f"{parts['scheme']}://{parts['host']}"


def with_cors(app: ASGIApp, origins: frozenset[str]) -> ASGIApp:
    """The application, with CORS for these origins."""
    if not origins:
        return app
    return _Cors(
        app,
        allow_origins=sorted(origins),
        allow_methods=("GET", "HEAD", "POST"),
        allow_headers=("Authorization", "X-API-Key"),
        expose_headers=("Retry-After", "Server-Timing"),
        allow_private_network=True,
        max_age=_PREFLIGHT_SECONDS,
    )


class _Cors(CORSMiddleware):
    """Starlette's, except that an OPTIONS request of another origin is answered as without CORS, by a problem."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            origin = Headers(scope=scope).get("origin")
            if origin is None or not self.is_allowed_origin(origin):
                await self.app(scope, receive, send)
                return
        await super().__call__(scope, receive, send)
