"""Look at jobs, follow them, fetch what they made, call them off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from cleanplate.server.answers import described, known, product_of
from cleanplate.server.routes.documented import JobBody, errors, work
from cleanplate.server.services import Services, services

router = APIRouter(prefix="/jobs", tags=["jobs"])
Shared = Annotated[Services, Depends(services)]
JobId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", examples=["0f8fad5bd9cb469fa16570867728950e"])]

_LOOK_SECONDS = 0.2


@router.get("/{job_id}", response_model=JobBody, responses=errors(404, 422))
def look(job_id: JobId, shared: Shared) -> dict[str, Any]:
    """Tell where a job stands."""
    return dict(described(known(shared.workshop, job_id)))


@router.get("/{job_id}/result", response_class=Response, responses=work("*/*", says="What the job made."))
def result(job_id: JobId, shared: Shared) -> Response:
    """Return what the job made: the picture (200), its error, or 202 with the job while it is not ready."""
    return product_of(shared.workshop, job_id)


@router.get(
    "/{job_id}/events",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}}, **errors(404, 422)},
)
async def events(job_id: JobId, request: Request, shared: Shared) -> EventSourceResponse:
    """Follow a job: server-sent events named ``progress``, and a last one named ``ended``; data is the job."""
    known(shared.workshop, job_id)
    return EventSourceResponse(_changes(job_id, shared))


@router.delete("/{job_id}", response_model=JobBody, responses=errors(404, 422))
def call_off(job_id: JobId, shared: Shared) -> dict[str, Any]:
    """Call a job off; one that has ended is forgotten together with its result."""
    job = known(shared.workshop, job_id)
    if job.has_ended:
        shared.workshop.store.forget(job_id)
        return dict(described(job))
    return dict(described(shared.workshop.call_off(job_id) or job))


async def _changes(job_id: str, shared: Services) -> AsyncIterator[ServerSentEvent]:
    last = None
    while (job := shared.workshop.store.get(job_id)) is not None:
        if job != last:
            name = "ended" if job.has_ended else "progress"
            yield ServerSentEvent(data=json.dumps(described(job)), event=name)
            last = job
        if job.has_ended:
            return
        await asyncio.sleep(_LOOK_SECONDS)
