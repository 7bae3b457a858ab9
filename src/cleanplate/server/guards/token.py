"""Only those who know the token may call the API."""

from __future__ import annotations

import hmac

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from cleanplate.errors import AccessError
from cleanplate.server.guards.refusal import refuse

OPEN_PATHS = frozenset({"/api/v1/health"})
"""What answers without a token: load balancers ask it, and it tells nothing."""


class TokenGuard:
    """Refuses requests under ``/api`` without ``Authorization: Bearer TOKEN``.

    The page itself (scripts and styles, no data) is served to anybody; it asks its user for the token.

    Args:
        app: what is guarded.
        token: the secret; None lets everybody in.
    """

    def __init__(self, app: ASGIApp, *, token: str | None) -> None:
        self._app = app
        self._token = None if token is None else token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on or refuse one request."""
        path = scope.get("path", "")
        guarded = scope["type"] == "http" and (path.startswith("/api/") or path == "/metrics")
        if guarded and path not in OPEN_PATHS and not self._knows(scope):
            error = AccessError("needs the server's token", subject=path, fix="send 'Authorization: Bearer TOKEN'")
            await refuse(error, scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        if self._token is None:
            return True
        kind, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
        # Compared in constant time, so that nobody can guess the token letter by letter.
        return kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token)
