"""Who and what is in a picture."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, File, Form, Query, Request, Response, UploadFile

from cleanplate.server.answers import run
from cleanplate.server.jobs.job import Product
from cleanplate.server.jobs.workshop import Ticket
from cleanplate.server.routes.documented import SegmentBody
from cleanplate.server.routes.documented import work as answers
from cleanplate.server.services import Services, services
from cleanplate.server.uploads import Upload, read_upload
from cleanplate.tasks.segment_file import SegmentOptions, segment_file

router = APIRouter(tags=["segment"])
Shared = Annotated[Services, Depends(services)]


def _options(
    shared: Shared,
    label: Annotated[list[str], Form(description="only these; all that the network knows if left out")] = [],  # noqa: B006
    min_score: Annotated[float | None, Form(ge=0, le=1, description="how sure the network must be")] = None,
    look: Annotated[
        Literal["once", "closer", "everywhere"] | None, Form(description="further looks at parts, for small people")
    ] = None,
) -> SegmentOptions:
    settings = shared.settings
    defaults = SegmentOptions()
    return SegmentOptions(
        labels=tuple(label),
        min_score=defaults.min_score if min_score is None else min_score,
        look=look or defaults.look,
        device=settings.device,
        weights=settings.people_weights,
        limits=settings.limits,
        memory=shared.people,
    )


@router.post("/segment", response_class=Response, responses=answers() | {200: {"model": SegmentBody}})
async def segment(
    request: Request,
    shared: Shared,
    options: Annotated[SegmentOptions, Depends(_options)],
    image: Annotated[UploadFile, File(description="the picture")],
    wait: Annotated[bool, Query(description="false: answer at once with a job")] = True,
) -> Response:
    """List people and things with box, score and mask (COCO run lengths), numbered from left to right."""
    upload = await read_upload(image, limits=options.limits, field_name="image")

    def work(ticket: Ticket) -> Product:
        return _found(upload, options)

    return await run(shared, request, "segment", work, wait=wait)


def _found(upload: Upload, options: SegmentOptions) -> Product:
    report = segment_file(upload.data, options=options, name=upload.label)
    data = json.dumps(report.to_json(), ensure_ascii=False).encode()
    summary = {"instances": len(report.instances), "seconds": round(report.seconds, 3), "notes": report.notes}
    return Product(data, "application/json", f"{upload.label}.json", summary)
