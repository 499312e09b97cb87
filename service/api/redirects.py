"""Redirects with a relative Location: they hold behind any proxy, whatever scheme, host and prefix it has."""

from urllib.parse import quote

from starlette.responses import RedirectResponse
from starlette.routing import Match, Router
from starlette.types import Receive, Scope, Send


class SlashRedirect:
    """The end of a router: redirects a path with one slash too many at its end, and answers 404 for others."""

    def __init__(self, router: Router) -> None:
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, query = scope.get("path", ""), scope.get("query_string", b"").decode("latin-1")
        if scope["type"] != "http" or not path.endswith("/") or not self._is_route(scope, path[:-1]):
            await self._router.not_found(scope, receive, send)
            return
        name = quote(path[:-1].rpartition("/")[2])
        await RedirectResponse(f"../{name}?{query}" if query else f"../{name}")(scope, receive, send)

    def _is_route(self, scope: Scope, path: str) -> bool:
        redirected = {**scope, "path": path}
        return any(route.matches(redirected)[0] is not Match.NONE for route in self._router.routes)
