"""Saying no before or while a request is read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cleanplate.errors import CleanplateError


def error_body(error: CleanplateError) -> dict[str, str | None]:
    """Every error that the server answers, as JSON."""
    return {
        "error": type(error).__name__,
        "message": str(error),
        "subject": error.subject,
        "problem": error.problem,
        "fix": error.fix,
    }


def error_headers(status: int) -> dict[str, str]:
    """Headers that belong to a status: how to show the token, when to come again."""
    if status == 401:
        return {"WWW-Authenticate": "Bearer"}
    return {"Retry-After": "5"} if status == 429 else {}


async def refuse(
    error: CleanplateError, scope: Scope, receive: Receive, send: Send, *, status: int | None = None
) -> None:
    """Answer with ``error`` and read no more of the request."""
    status = status or error.http_status
    headers = {**error_headers(status), "Connection": "close"}
    await JSONResponse(error_body(error), status, headers)(scope, receive, send)


class _StopReadingError(Exception):
    """Ends the reading of a body from inside the framework."""


Next = Callable[[Receive], Awaitable[Message]]
"""Receives one message of a request; raises a :class:`CleanplateError` for one that is refused."""


async def pass_on_reading(app: ASGIApp, scope: Scope, receive: Receive, send: Send, following: Next) -> None:
    """Pass a request on; if ``following`` refuses its body, answer so, whatever the application makes of it.

    The framework turns an error while it reads a form into an answer of its own, which would not say why.
    """
    refused: CleanplateError | None = None
    begun = False

    async def checked() -> Message:
        nonlocal refused
        if refused is not None:
            raise _StopReadingError
        try:
            return await following(receive)
        except CleanplateError as error:
            refused = error
            raise _StopReadingError from None

    async def watched(message: Message) -> None:
        nonlocal begun
        if refused is None or begun:
            begun = True
            await send(message)

    with suppress(_StopReadingError):
        await app(scope, checked, watched)
    if refused is not None and not begun:
        await refuse(refused, scope, receive, send)
