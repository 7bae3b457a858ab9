"""Cut people out, and put another background behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, File, Form, Query, Request, Response, UploadFile

from cleanplate.encode.options import EncodeOptions
from cleanplate.errors import ArgumentError
from cleanplate.server.answers import run
from cleanplate.server.jobs.job import Product
from cleanplate.server.jobs.workshop import Ticket
from cleanplate.server.routes.documented import PICTURES
from cleanplate.server.routes.documented import work as answers
from cleanplate.server.services import Services, services
from cleanplate.server.uploads import FORMATS, MEDIA_TYPES, Upload, read_upload, wanted_kind
from cleanplate.tasks.cutout_file import background_file, cutout_file
from cleanplate.tasks.matte_options import BackgroundOptions, Behind, CutoutOptions, MatteOptions
from cleanplate.tasks.matte_report import MatteReport

router = APIRouter(tags=["cut out"])
Shared = Annotated[Services, Depends(services)]
Image = Annotated[UploadFile, File(description="the picture")]
Wait = Annotated[bool, Query(description="false: answer at once with a job")]
Format = Annotated[str | None, Form(pattern=FORMATS, description="type of the answer, such as png")]
_PLAIN = r"^(transparent|blur(:[0-9.]+)?|#?[0-9a-fA-F]{3,8}|[a-zA-Z]{3,20})$"
"""A colour, a blur or ``transparent``: nothing that could be a path."""


def _matte(
    shared: Shared,
    person: Annotated[int | None, Form(ge=1, description="who is kept, 1 = the largest; everybody if left out")] = None,
    feather: Annotated[float, Form(ge=0, le=200, description="pixels over which the edge is softened")] = 0.0,
    shift_edge: Annotated[float, Form(ge=-200, le=200, description="pixels by which the edge moves outwards")] = 0.0,
    clean: Annotated[bool, Form(description="take the old background's colours out of the edge")] = True,
    edges: Annotated[
        Literal["guided", "closed-form", "knn"],
        Form(description="how edges are found; all but `guided` need the extra [trimap] on the server, and minutes"),
    ] = "guided",
    confirm: Annotated[
        bool | None, Form(description="keep only whom the people network finds too; left out: where both are known")
    ] = None,
) -> MatteOptions:
    settings = shared.settings
    return MatteOptions(
        weights=settings.matte_weights,
        device=settings.device,
        person=person,
        feather=feather,
        shift_edge=shift_edge,
        clean=clean,
        edges=edges,
        confirm=confirm,
    )


Matte = Annotated[MatteOptions, Depends(_matte)]


@router.post("/cutout", response_class=Response, responses=answers(*PICTURES))
async def cutout(
    request: Request,
    shared: Shared,
    matte: Matte,
    image: Image,
    matte_only: Annotated[bool, Form(description="alpha as a grey picture instead of the people")] = False,
    trim: Annotated[bool, Form(description="cut the picture down to the people")] = False,
    format: Format = None,
    wait: Wait = True,
) -> Response:
    """Return the people with transparency around them, as a PNG unless another type is asked for."""
    limits = shared.settings.limits
    upload = await read_upload(image, limits=limits, field_name="image")
    kind = wanted_kind(format) or "PNG"
    options = CutoutOptions(matte, matte_only, trim, encode=EncodeOptions(format=kind), limits=limits)

    def work(ticket: Ticket) -> Product:
        return _product(upload, kind, "matte" if matte_only else "cutout", lambda: _cut(upload, options))

    return await run(shared, request, "cutout", work, wait=wait)


@router.post("/background", response_class=Response, responses=answers(*PICTURES))
async def background(
    request: Request,
    shared: Shared,
    matte: Matte,
    image: Image,
    plain: Annotated[
        str | None,
        Form(alias="with", pattern=_PLAIN, description="a colour, `blur:12` or `transparent`", examples=["#00b140"]),
    ] = None,
    picture: Annotated[UploadFile | None, File(description="a picture to put behind")] = None,
    fit: Annotated[Literal["cover", "contain"], Form()] = "cover",
    subject_scale: Annotated[float, Form(gt=0, le=10, description="size of the people, 1 = as they are")] = 1.0,
    format: Format = None,
    wait: Wait = True,
) -> Response:
    """Return the people before another background, in the upload's own type unless another is asked for."""
    if (plain is None) == (picture is None):
        raise ArgumentError("needs one background", subject="background", fix="send either 'with' or 'picture'")
    limits = shared.settings.limits
    upload = await read_upload(image, limits=limits, field_name="image")
    behind: str | bytes = plain or ""
    if picture is not None:
        behind = (await read_upload(picture, limits=limits, field_name="picture")).data
    kind = wanted_kind(format) or ("PNG" if plain == "transparent" else upload.written_kind)
    options = BackgroundOptions(
        Behind(behind, fit, subject_scale=subject_scale), matte, encode=EncodeOptions(format=kind), limits=limits
    )

    def work(ticket: Ticket) -> Product:
        return _product(
            upload, kind, "background", lambda: background_file(upload.data, None, options, name=upload.label)
        )

    return await run(shared, request, "background", work, wait=wait)


def _cut(upload: Upload, options: CutoutOptions) -> MatteReport:
    return cutout_file(upload.data, None, options, name=upload.label)


def _product(upload: Upload, kind: str, added: str, make: Callable[[], MatteReport]) -> Product:
    report = make()
    assert report.data is not None
    return Product(report.data, MEDIA_TYPES[kind], upload.answer_name(kind, added), report.to_json())
