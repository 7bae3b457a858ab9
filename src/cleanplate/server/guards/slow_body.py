"""A client that sends slowly, or stops, must not hold its place for ever."""

from __future__ import annotations

import asyncio
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cleanplate.errors import SlowRequestError
from cleanplate.server.guards.refusal import pass_on_reading

LEAST_RATE = 20_000
"""Bytes a second that a client must send on average, once its first seconds are over."""


class SlowBodyGuard:
    """Gives a body some seconds, and one more for each ``LEAST_RATE`` bytes that have come.

    Args:
        app: what is guarded.
        seconds: that every request has.
    """

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on or refuse one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        until = time.monotonic() + self._seconds
        complete = False

        async def timed(receive: Receive) -> Message:
            nonlocal until, complete
            if complete:  # from here on only the end of the connection can come
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), max(0.001, until - time.monotonic()))
            except TimeoutError:
                raise SlowRequestError(
                    "was not sent in time", subject="request", fix="send it over a faster connection"
                ) from None
            until += len(message.get("body", b"")) / LEAST_RATE
            complete = not message.get("more_body", False)
            return message

        await pass_on_reading(self._app, scope, receive, send, timed)
