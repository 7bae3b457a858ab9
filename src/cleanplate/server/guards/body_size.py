"""No request may send more than the limit, whatever length it claims."""

from __future__ import annotations

from contextlib import suppress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cleanplate.errors import TooLargeError
from cleanplate.server.guards.refusal import refuse


class BodyOverLimitError(Exception):
    """More came than allowed; whatever the application makes of it, the client is told so."""


class BodySizeGuard:
    """Refuses a body of more than ``most`` bytes: at once if its length is declared, else as soon as it is reached.

    Args:
        app: what is guarded.
        most: bytes of one request.
    """

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on or refuse one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        error = TooLargeError(
            f"has more than {self._most:,} bytes", subject="request", fix="send smaller files, or raise --max-bytes"
        )
        if not declared.isdigit() or int(declared) > self._most:
            await refuse(error, scope, receive, send)
            return
        came, over, begun = 0, False, False

        async def counted() -> Message:
            nonlocal came, over
            message = await receive()
            came += len(message.get("body", b""))
            if came > self._most:
                over = True
                raise BodyOverLimitError
            return message

        async def watched(message: Message) -> None:
            nonlocal begun
            # The framework turns an error while it reads a form into an answer of its own, which would not say why.
            if not over or begun:
                begun = True
                await send(message)

        with suppress(BodyOverLimitError):
            await self._app(scope, counted, watched)
        if over and not begun:
            await refuse(error, scope, receive, send)
