"""No request may send more than the limit, whatever length it claims."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cleanplate.errors import TooLargeError
from cleanplate.server.guards.refusal import pass_on_reading, refuse


class BodySizeGuard:
    """Refuses a body of too many bytes: at once if its length is declared, else as soon as the limit is reached.

    Args:
        app: what is guarded.
        most: bytes of one request.
        paths: other limits for requests to certain paths.
    """

    def __init__(self, app: ASGIApp, *, most: int, paths: Mapping[str, int]) -> None:
        self._app, self._most, self._paths = app, most, dict(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on or refuse one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._paths.get(scope.get("path", ""), self._most)
        error = TooLargeError(
            f"has more than {most:,} bytes", subject="request", fix="send smaller files, or raise --max-megabytes"
        )
        declared = Headers(scope=scope).get("content-length", "0")
        # Hundreds of digits would be slow to read as a number.
        if not (declared.isascii() and declared.isdigit() and len(declared) < 20) or int(declared) > most:
            await refuse(error, scope, receive, send)
            return
        came = 0

        async def counted(receive: Receive) -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > most:
                raise error
            return message

        await pass_on_reading(self._app, scope, receive, send, counted)
