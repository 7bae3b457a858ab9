"""A version of a picture that every browser can show."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile

from cleanplate.compose.overlay import shrunk
from cleanplate.decode.image import read_picture
from cleanplate.encode.preview import encode_preview
from cleanplate.server.answers import run
from cleanplate.server.jobs.job import Product
from cleanplate.server.jobs.workshop import Ticket
from cleanplate.server.routes.documented import work as answers
from cleanplate.server.services import Services, services
from cleanplate.server.uploads import Upload, read_upload

router = APIRouter(tags=["preview"])
Shared = Annotated[Services, Depends(services)]
_MOST_SIDE = 4096


@router.post("/preview", response_class=Response, responses=answers("image/jpeg"))
async def preview(
    request: Request,
    shared: Shared,
    image: Annotated[UploadFile, File(description="the picture, of any type that is read")],
    side: Annotated[int, Form(ge=16, le=_MOST_SIDE, description="longest side of the answer in pixels")] = 2048,
) -> Response:
    """Return the picture upright, as a JPEG of limited size; the report holds ``width`` and ``height`` in full."""
    limits = shared.settings.limits
    upload = await read_upload(image, limits=limits, field_name="image")

    def work(ticket: Ticket) -> Product:
        return _shown(upload, side, shared)

    return await run(shared, request, "preview", work, wait=True)


def _shown(upload: Upload, side: int, shared: Services) -> Product:
    picture = read_picture(upload.data, name=upload.label, limits=shared.settings.limits)
    report = {"width": picture.width, "height": picture.height, "format": picture.format}
    return Product(
        encode_preview(shrunk(picture.pixels, side)), "image/jpeg", upload.answer_name("JPEG", "preview"), report
    )
