"""Erase what a client has selected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Query, Request, Response, UploadFile

from cleanplate.decode.limits import Limits
from cleanplate.encode.options import EncodeOptions
from cleanplate.errors import ArgumentError
from cleanplate.inpaint.engine import ENGINES
from cleanplate.server.answers import run
from cleanplate.server.jobs.job import Product
from cleanplate.server.jobs.workshop import Ticket
from cleanplate.server.routes.documented import PICTURES
from cleanplate.server.routes.documented import work as answers
from cleanplate.server.services import Services, services
from cleanplate.server.uploads import FORMATS, MEDIA_TYPES, Upload, read_upload, wanted_kind
from cleanplate.tasks.erase_options import EraseOptions, Targets
from cleanplate.tasks.people import People
from cleanplate.tasks.photo import erase_file
from cleanplate.tasks.selection import Selection

router = APIRouter(tags=["erase"])
Shared = Annotated[Services, Depends(services)]
_MOST_PARTS = 1000
_STROKE_BYTES = 20_000_000
_ENGINES = f"^({'|'.join(('auto', *sorted(ENGINES)))})$"


@dataclass(frozen=True)
class _Shapes:
    """The shapes of a request; a FastAPI dependency, so that the route's signature stays readable."""

    boxes: tuple[str, ...]
    spots: tuple[str, ...]
    polygons: tuple[str, ...]


def _shapes(
    box: Annotated[
        list[str],
        Form(
            description="`left,top,right,bottom` in pixels or percent of the upright picture", examples=["10,20,80,160"]
        ),
    ] = [],  # noqa: B006 - FastAPI copies it
    spot: Annotated[list[str], Form(description="`x,y,radius`", examples=["400,300,40"])] = [],  # noqa: B006
    polygon: Annotated[list[str], Form(description="`x,y x,y x,y ...`", examples=["10,10 90,10 50,80"])] = [],  # noqa: B006
) -> _Shapes:
    if len(box) + len(spot) + len(polygon) > _MOST_PARTS:
        raise ArgumentError(f"has more than {_MOST_PARTS} parts", subject="selection", fix="send a mask instead")
    return _Shapes(tuple(box), tuple(spot), tuple(polygon))


def _people(
    shared: Shared,
    passersby: Annotated[bool, Form(description="erase all people but the main subjects")] = False,
    people: Annotated[bool, Form(description="erase everybody")] = False,
    keep: Annotated[int | None, Form(ge=0, description="erase all people but so many")] = None,
    click: Annotated[list[str], Form(description="`x,y`: who or what is under the point", examples=["812,640"])] = [],  # noqa: B006
    instance: Annotated[list[int], Form(description="ids as `segment` numbers them")] = [],  # noqa: B006
    label: Annotated[list[str], Form(description="everything of a label, such as `dog`")] = [],  # noqa: B006
) -> People:
    return People(
        everyone=people,
        passersby=passersby,
        keep=keep,
        clicks=tuple(click),
        instances=tuple(instance),
        labels=tuple(label),
        weights=shared.settings.people_weights,
        memory=shared.people,
    )


def _options(
    shared: Shared,
    engine: Annotated[
        str | None, Form(pattern=_ENGINES, description="what fills the hole; the server's own choice")
    ] = None,
    seed: Annotated[int, Form(ge=0, lt=2**31, description="another seed gives another fill")] = 0,
    grow: Annotated[int | None, Form(ge=0, le=500, description="pixels by which the selection is grown")] = None,
    close_islands: Annotated[bool, Form(description="also erase islands inside the selection")] = True,
    format: Annotated[
        str | None, Form(pattern=FORMATS, description="type of the answer; the upload's own if left out")
    ] = None,
    quality: Annotated[int | None, Form(ge=1, le=100)] = None,
    strip_gps: Annotated[bool, Form(description="leave the place out of the answer's metadata")] = False,
) -> EraseOptions:
    kind = wanted_kind(format)
    settings = shared.settings
    return EraseOptions(
        engine=engine or settings.engine,
        device=settings.device,
        seed=seed,
        grow=grow,
        close_islands=close_islands,
        encode=EncodeOptions(format=kind, quality=quality, strip_gps=strip_gps),
        limits=settings.limits,
    )


@router.post(
    "/erase",
    response_class=Response,
    responses=answers(*PICTURES, says="The picture without what was selected, in the upload's type."),
)
async def erase(
    request: Request,
    shared: Shared,
    shapes: Annotated[_Shapes, Depends(_shapes)],
    people: Annotated[People, Depends(_people)],
    options: Annotated[EraseOptions, Depends(_options)],
    image: Annotated[UploadFile, File(description="the picture")],
    mask: Annotated[UploadFile | None, File(description="white (or opaque) = erase; of the picture's size")] = None,
    strokes: Annotated[UploadFile | None, File(description="brush strokes as JSON")] = None,
    avoid: Annotated[UploadFile | None, File(description="white = never copy from here")] = None,
    snap: Annotated[bool, Form(description="tighten each box to the object inside")] = False,
    wait: Annotated[bool, Query(description="false: answer at once with a job")] = True,
) -> Response:
    """Remove what is selected and continue its surroundings; everything outside comes back bit for bit."""
    limits = options.limits
    upload = await read_upload(image, limits=limits, field_name="image")
    selection = Selection(
        boxes=shapes.boxes,
        spots=shapes.spots,
        polygons=shapes.polygons,
        masks=await _picture(mask, limits, "mask"),
        strokes=() if strokes is None else (await strokes.read(_STROKE_BYTES),),
        avoid=await _picture(avoid, limits, "avoid"),
        snap=snap,
        people=people,
    )

    def work(ticket: Ticket) -> Product:
        return _erased(upload, selection, options, ticket)

    return await run(shared, request, "erase", work, wait=wait)


async def _picture(file: UploadFile | None, limits: Limits, name: str) -> tuple[bytes, ...]:
    return () if file is None else ((await read_upload(file, limits=limits, field_name=name)).data,)


def _erased(upload: Upload, selection: Selection, options: EraseOptions, ticket: Ticket) -> Product:
    ticket.check()
    report = erase_file(upload.data, Targets(None), selection, options, name=upload.label, progress=ticket.progress)
    assert report.data is not None
    kind = options.encode.format or upload.written_kind
    return Product(report.data, MEDIA_TYPES[kind], upload.answer_name(kind, "clean"), report.to_json())
