"""From jobs to answers: the picture itself, or where to look for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from cleanplate.errors import MissingInputError
from cleanplate.server.jobs.job import Job
from cleanplate.server.jobs.store import JobStore
from cleanplate.server.jobs.workshop import PICTURES, Work, Workshop
from cleanplate.server.services import Services

REPORT_HEADER = "x-cleanplate-report"
"""Header of a picture answer that holds what was done, as JSON in ASCII; the whole report is under the job."""
JOB_HEADER = "x-cleanplate-job"
_MOST_HEADER = 6000
_LOOK_SECONDS = 0.5
_PART = 1 << 20


async def run(
    services: Services,
    request: Request,
    kind: str,
    work: Work,
    *,
    wait: bool,
    lane: str = PICTURES,
    after: Callable[[], None] = lambda: None,
) -> Response:
    """Queue ``work``; answer with its product, or at once with 202 and the job if the client does not want to wait.

    A client that goes away while it waits has its job called off. The product of one that waited is not kept.
    ``after`` is called when the job has ended.

    Raises:
        BusyError: the queue is full.
    """
    workshop = services.workshop
    job = workshop.submit(kind, work, lane=lane, after=after)
    if not wait:
        place = f"/api/v1/jobs/{job.id}"
        return JSONResponse(described(job), 202, {"location": place, JOB_HEADER: job.id})
    waiting = asyncio.ensure_future(workshop.ended(job.id))
    while not (await asyncio.wait([waiting], timeout=_LOOK_SECONDS))[0]:
        if await request.is_disconnected():
            workshop.call_off(job.id)
            await waiting
    return product_of(workshop, job.id, last=True)


def product_of(workshop: Workshop, job_id: str, *, last: bool = False) -> Response:
    """Answer with the product of an ended job, or with its error; after the ``last`` answer it is not kept.

    Raises:
        MissingInputError: there is no such job (any more).
    """
    job = known(workshop, job_id)
    if job.state != "done":
        body = job.error if job.has_ended else described(job)
        return JSONResponse(body, job.status if job.has_ended else 202, {JOB_HEADER: job.id})
    size = workshop.store.size(job_id)
    if size is None:
        raise MissingInputError("is not kept any more", subject=f"the result of job {job_id}")
    report = json.dumps(job.report, ensure_ascii=True)
    headers = {
        JOB_HEADER: job.id,
        "content-length": str(size),
        "content-disposition": f"attachment; filename*=UTF-8''{quote(job.name)}",
    }
    if len(report) <= _MOST_HEADER:
        headers[REPORT_HEADER] = report
    parts = _parts(workshop.store, job_id, size, last=last)
    return StreamingResponse(parts, media_type=job.media_type, headers=headers)


def _parts(store: JobStore, job_id: str, size: int, *, last: bool) -> Iterator[bytes]:
    """The product, a part at a time, so that a clip is never in memory as a whole."""
    try:
        for start in range(0, size, _PART):
            part = store.read(job_id, start, _PART)
            if part is None:
                raise MissingInputError("was forgotten while it was fetched", subject=f"the result of job {job_id}")
            yield part
    finally:
        if last:
            store.drop(job_id)


def known(workshop: Workshop, job_id: str) -> Job:
    """Return a job.

    Raises:
        MissingInputError: there is no such job (any more).
    """
    job = workshop.store.get(job_id)
    if job is None:
        raise MissingInputError("is not known, or no longer kept", subject=f"job {job_id[:40]!r}")
    return job


def described(job: Job) -> dict[str, object]:
    """Return a job as clients see it."""
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "created": job.created,
        "started": job.started,
        "ended": job.ended,
        "done": job.done,
        "total": job.total,
        "error": job.error,
        "report": job.report or None,
        "result": f"/api/v1/jobs/{job.id}/result" if job.state == "done" else None,
    }
