"""What could not be worked on is not read either."""

from __future__ import annotations

from collections import Counter

from starlette.types import ASGIApp, Receive, Scope, Send

from cleanplate.errors import BusyError
from cleanplate.server.guards.refusal import refuse
from cleanplate.server.jobs.workshop import CLIPS, PICTURES, Workshop

CLIP_PATHS = frozenset({"/api/v1/video"})
"""Requests whose work is queued with the clips."""


class CrowdGuard:
    """Refuses uploads while the queue is full, and more uploads side by side than could be queued.

    Args:
        app: what is guarded.
        workshop: whose queues count.
    """

    def __init__(self, app: ASGIApp, *, workshop: Workshop) -> None:
        self._app, self._workshop = app, workshop
        self._coming: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on or refuse one request."""
        path = scope.get("path", "")
        if scope["type"] != "http" or scope["method"] != "POST" or not path.startswith("/api/"):
            await self._app(scope, receive, send)
            return
        lane = CLIPS if path in CLIP_PATHS else PICTURES
        try:
            self._workshop.check_room(lane, coming=self._coming[lane])
        except BusyError as error:
            await refuse(error, scope, receive, send)
            return
        self._coming[lane] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._coming[lane] -= 1
