"""Paths that aren't clean: the tenant sends their callers to the parent collection (reference §0)."""

import posixpath

from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

API = "/api/"
MOVED_PERMANENTLY = 301


class CleanPath(BaseRoute):
    """Answer 301 where a path under ``/api/`` ends in a slash, or an id is a dot or a slash."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match what isn't clean."""
        path = scope["path"]
        unclean = scope["type"] == "http" and path.startswith(API) and _clean(path) != path
        return (Match.FULL if unclean else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Name the clean path; nobody is asked for a bearer before."""
        query = scope["query_string"].decode("latin-1")
        target = _clean(scope["path"]) + (f"?{query}" if query else "")
        response = RedirectResponse(target, status_code=MOVED_PERMANENTLY)
        await response(scope, receive, send)


def _clean(path: str) -> str:
    return posixpath.normpath(path)
