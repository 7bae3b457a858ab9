"""The answer of a guard that lets a request go no further."""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from cleanplate.errors import CleanplateError


def error_body(error: CleanplateError) -> dict[str, str | None]:
    """Return what every error answer holds: its kind, one line for people, and the parts of that line."""
    return {
        "error": type(error).__name__,
        "message": str(error),
        "subject": error.subject,
        "problem": error.problem,
        "fix": error.fix,
    }


async def refuse(
    error: CleanplateError, scope: Scope, receive: Receive, send: Send, *, status: int | None = None
) -> None:
    """Answer with ``error`` and read no more of the request."""
    headers = {"WWW-Authenticate": "Bearer"} if (status or error.http_status) == 401 else {}
    headers["Connection"] = "close"
    await JSONResponse(error_body(error), status or error.http_status, headers)(scope, receive, send)
