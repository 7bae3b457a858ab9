"""Restore and colour old photographs."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, File, Form, Query, Request, Response, UploadFile

from cleanplate.encode.options import EncodeOptions
from cleanplate.server.answers import run
from cleanplate.server.jobs.job import Product
from cleanplate.server.jobs.workshop import Ticket
from cleanplate.server.routes.documented import PICTURES
from cleanplate.server.routes.documented import work as answers
from cleanplate.server.services import Services, services
from cleanplate.server.uploads import FORMATS, MEDIA_TYPES, Upload, read_upload, wanted_kind
from cleanplate.tasks.colorize_file import colorize_file
from cleanplate.tasks.restore_file import restore_file
from cleanplate.tasks.restore_options import ColorizeOptions, RestoreOptions, RestoreTargets

router = APIRouter(tags=["restore"])
Shared = Annotated[Services, Depends(services)]
Image = Annotated[UploadFile, File(description="the picture; of a TIFF all pages")]
Hints = Annotated[UploadFile | None, File(description='JSON: `[{"x": 412, "y": 280, "colour": "#8a5a3c"}, ...]`')]
Format = Annotated[str | None, Form(pattern=FORMATS, description="type of the answer; the upload's own if left out")]
Wait = Annotated[bool, Query(description="false: answer at once with a job")]
Result = Literal["restored", "restored_colour", "colour", "defects", "all"]
_HINT_BYTES = 1_000_000


def _options(
    shared: Shared,
    sensitivity: Annotated[float, Form(ge=0, le=1, description="0 = only what is certain, 1 = all suspicious")] = 0.5,
    fine: Annotated[bool, Form(description="look at native size, for the finest scratches")] = False,
    flips: Annotated[bool, Form(description="look at mirror images too; four times the time")] = False,
    colour: Annotated[bool, Form(description="with `result=all`: coloured pictures too")] = True,
    fading: Annotated[bool, Form(description="bring faded tones back")] = False,
    crop: Annotated[bool, Form(description="cut the border off")] = False,
    seed: Annotated[int, Form(ge=0, lt=2**31, description="another seed gives another fill")] = 0,
    format: Format = None,
) -> RestoreOptions:
    settings = shared.settings
    return RestoreOptions(
        sensitivity=sensitivity,
        fine=fine,
        flips=flips,
        colour=colour,
        fading=fading,
        crop=crop,
        weights_defects=settings.defects_weights,
        weights_fill=settings.fill_weights,
        weights_colour=settings.colour_weights,
        seed=seed,
        device=settings.device,
        encode=EncodeOptions(format=wanted_kind(format)),
        limits=settings.limits,
    )


@router.post(
    "/restore",
    response_class=Response,
    responses=answers(
        *PICTURES, "application/zip", says="The result that was asked for; all of them as a ZIP archive."
    ),
)
async def restore(
    request: Request,
    shared: Shared,
    options: Annotated[RestoreOptions, Depends(_options)],
    image: Image,
    mask: Annotated[UploadFile | None, File(description="white = damage; looked for if left out")] = None,
    hints: Hints = None,
    result: Annotated[Result, Form(description="which result; `all` for a ZIP archive of all")] = "restored",
    wait: Wait = True,
) -> Response:
    """Find the damage of an old photograph, fill it, and colour it."""
    upload = await read_upload(image, limits=options.limits, field_name="image")
    masks = () if mask is None else ((await read_upload(mask, limits=options.limits, field_name="mask")).data,)
    wanted = replace(
        options,
        masks=masks,
        colour=options.colour if result == "all" else result in ("restored_colour", "colour"),
        hints=None if hints is None else await hints.read(_HINT_BYTES),
    )

    def work(ticket: Ticket) -> Product:
        return _restored(upload, wanted, result)

    return await run(shared, request, "restore", work, wait=wait)


@router.post("/colorize", response_class=Response, responses=answers(*PICTURES, says="The picture in colour."))
async def colorize(
    request: Request, shared: Shared, image: Image, hints: Hints = None, format: Format = None, wait: Wait = True
) -> Response:
    """Predict the colours of a grey or sepia photograph; its light stays as it is."""
    settings = shared.settings
    upload = await read_upload(image, limits=settings.limits, field_name="image")
    options = ColorizeOptions(
        hints=None if hints is None else await hints.read(_HINT_BYTES),
        weights=settings.colour_weights,
        device=settings.device,
        encode=EncodeOptions(format=wanted_kind(format)),
        limits=settings.limits,
    )

    def work(ticket: Ticket) -> Product:
        report = colorize_file(upload.data, None, options, name=upload.label)
        assert report.data is not None
        kind = options.encode.format or upload.written_kind
        return Product(report.data, MEDIA_TYPES[kind], upload.answer_name(kind, "colour"), report.to_json())

    return await run(shared, request, "colorize", work, wait=wait)


def _restored(upload: Upload, options: RestoreOptions, result: Result) -> Product:
    only = None if result == "all" else result
    report = restore_file(upload.data, RestoreTargets(None, only), options, name=upload.label)
    kind = options.encode.format or upload.written_kind
    if only is None:
        names = {name: _name(upload, name, kind) for name in report.files}
        told = {**report.to_json(), "files": names}
        archive = _archive({names[name]: data for name, data in report.files.items()})
        return Product(archive, "application/zip", f"{upload.label.rpartition('.')[0] or 'restored'}.zip", told)
    kind = "PNG" if only == "defects" else kind
    return Product(report.files[only], MEDIA_TYPES[kind], _name(upload, only, kind), report.to_json())


def _name(upload: Upload, result: str, kind: str) -> str:
    return upload.answer_name("PNG" if result.startswith("defects") else kind, result)


def _archive(files: dict[str, bytes]) -> bytes:
    """A ZIP archive of pictures, which are compressed already."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()
