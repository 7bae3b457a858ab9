"""What a server does while nobody asks: forget old results, let go of idle networks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from cleanplate.runtime.session_cache import SESSIONS
from cleanplate.server.services import Services

_LOOK_SECONDS = 15.0


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep house while the server runs; at its end call off all work and wait for it."""
    shared: Services = app.state.services
    await asyncio.to_thread(shared.folder.sweep)
    keeping = asyncio.create_task(_keep_house(shared))
    try:
        yield
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        await asyncio.to_thread(shared.workshop.close)
        shared.workshop.store.close()
        shared.folder.close()


async def _keep_house(shared: Services) -> None:
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        shared.workshop.store.forget_ended(time.time() - 60 * shared.settings.keep_minutes)
        if shared.settings.idle_minutes:
            SESSIONS.evict_unused(60 * shared.settings.idle_minutes)
