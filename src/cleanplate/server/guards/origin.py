"""Pages of other sites may not use the server through their visitors' browsers.

A page anywhere can send forms to ``http://127.0.0.1`` (no preflight is asked for multipart forms), and with DNS
rebinding it can even read answers under a name of its own. Both show in headers that scripts cannot forge: ``Origin``
names the page, ``Host`` the name that the browser believes it talks to.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from cleanplate.errors import AccessError
from cleanplate.server.guards.refusal import refuse

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")


class OriginGuard:
    """Refuses requests under unknown host names, and those that another site's page has sent.

    Args:
        app: what is guarded.
        hosts: names under which the server may be reached; ``*`` takes any (behind a proxy that checks).
    """

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = frozenset(name.lower() for name in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on or refuse one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        name = _name(f"//{host}")
        if "*" not in self._hosts and name not in self._hosts:
            error = AccessError(
                "is not a name of this server", subject=f"Host {host!r}", fix="start it with --allow-host"
            )
            await refuse(error, scope, receive, send, status=421)
            return
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            error = AccessError("pages of other sites may not use this server", subject=f"Origin {origin!r}")
            await refuse(error, scope, receive, send, status=403)
            return
        await self._app(scope, receive, send)


def _name(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""
