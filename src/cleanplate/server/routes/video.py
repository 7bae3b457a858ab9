"""Another background behind the person in a clip, or an alpha channel: always a job, followed by its events."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile

from cleanplate.decode.limits import Limits
from cleanplate.errors import ArgumentError, CleanplateError
from cleanplate.server.answers import run
from cleanplate.server.clip_uploads import store_clip, without_paths
from cleanplate.server.jobs.job import Product
from cleanplate.server.jobs.workshop import CLIPS, Ticket
from cleanplate.server.routes.documented import work as answers
from cleanplate.server.services import Services, services
from cleanplate.server.uploads import SUFFIXES, read_upload
from cleanplate.tasks.video import replace_background
from cleanplate.tasks.video_options import VideoOptions

router = APIRouter(tags=["video"])
Shared = Annotated[Services, Depends(services)]
_PLAIN = r"^(blur(:[0-9]{1,3}(\.[0-9]{1,3})?)?|#[0-9a-fA-F]{3}|#[0-9a-fA-F]{6}|black|white|green|grey)$"
"""A colour or a blur: nothing that could be a path."""
_RESULTS = {None: (".mp4", "video/mp4"), "vp9": (".webm", "video/webm"), "prores": (".mov", "video/quicktime")}


def _options(
    shared: Shared,
    plain: Annotated[
        str | None, Form(alias="with", pattern=_PLAIN, description="a colour or `blur:12`", examples=["blur:12"])
    ] = None,
    alpha: Annotated[
        Literal["vp9", "prores"] | None, Form(description="the person with an alpha channel: WebM or MOV")
    ] = None,
    fit: Annotated[Literal["cover", "contain"], Form()] = "cover",
    preset: Annotated[Literal["fast", "balanced", "best"], Form(description="speed against quality")] = "balanced",
    start: Annotated[float, Form(ge=0, le=86_400, description="seconds where work begins")] = 0.0,
    end: Annotated[float | None, Form(gt=0, le=86_400, description="seconds where it ends")] = None,
    smooth: Annotated[bool, Form(description="correct single frames that flicker")] = False,
    clean: Annotated[bool, Form(description="take the old background's colours out of the edge")] = True,
    sound: Annotated[bool, Form(description="keep the sound")] = True,
) -> VideoOptions:
    settings = shared.settings
    return VideoOptions(
        background=plain,
        alpha=alpha,
        fit=fit,
        preset=preset,
        start=start,
        end=end,
        smooth=smooth,
        clean=clean,
        sound=sound,
        weights=settings.matte_weights if settings.video_weights is None else settings.video_weights,
        device=settings.device,
        limits=settings.clip_limits,
        picture_limits=settings.limits,
    )


@router.post("/video", response_class=Response, status_code=202, responses=answers())
async def video(
    request: Request,
    shared: Shared,
    options: Annotated[VideoOptions, Depends(_options)],
    clip: Annotated[UploadFile, File(description="the clip: MP4, MOV, MKV, WebM or AVI")],
    picture: Annotated[UploadFile | None, File(description="a picture to put behind")] = None,
) -> Response:
    """Queue a clip; answer with the job, whose events count frames and whose result is the video."""
    behind = [options.background, options.alpha, picture]
    if sum(each is not None for each in behind) != 1:
        raise ArgumentError("needs one background", subject="video", fix="send either 'with', 'picture' or 'alpha'")
    folder = Path(tempfile.mkdtemp(dir=shared.folder.open()))
    try:
        label, container = await store_clip(clip, folder / "clip", limits=shared.settings.clip_limits)
        if picture is not None:
            shown = await _stored(picture, folder, shared.settings.limits)
            options = dataclasses.replace(options, background=str(shown))
        options = dataclasses.replace(options, container=container)

        def work(ticket: Ticket) -> Product:
            return _made(folder, label, options, ticket)

        return await run(shared, request, "video", work, wait=False, lane=CLIPS, after=lambda: _remove(folder))
    except BaseException:
        _remove(folder)
        raise


def _made(folder: Path, label: str, options: VideoOptions, ticket: Ticket) -> Product:
    suffix, media_type = _RESULTS[options.alpha]
    target = folder / f"result{suffix}"

    def progress(done: int, total: int | None) -> None:
        ticket.progress(done, max(done, total or 0))

    ticket.check()
    try:
        report = replace_background(folder / "clip", target, options, progress=progress)
    except CleanplateError as error:
        raise without_paths(error, folder, label) from None
    name = f"{label.rpartition('.')[0] or label}-{'cutout' if options.alpha else 'background'}{suffix}"
    return Product(target, media_type, name, _told(report.to_json(), label, name))


def _told(report: dict[str, Any], label: str, name: str) -> dict[str, Any]:
    return {**report, "source": label, "outputs": [name]}


async def _stored(picture: UploadFile, folder: Path, limits: Limits) -> Path:
    upload = await read_upload(picture, limits=limits, field_name="picture")
    path = folder / f"behind{SUFFIXES.get(upload.kind, '.bin')}"
    path.write_bytes(upload.data)
    return path


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
