"""``batch erase``: what is selected is removed from every picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from cleanplate.decode.limits import Limits
from cleanplate.encode.options import EncodeOptions
from cleanplate.errors import ArgumentError
from cleanplate.scale.operations import Operation
from cleanplate.scale.options import flag, number, text, texts, whole, wholes
from cleanplate.tasks.erase_options import EraseOptions, Targets
from cleanplate.tasks.file_report import FileReport
from cleanplate.tasks.outputs import natural_name
from cleanplate.tasks.selection import NAME_SOMETHING, Selection

_FILES = frozenset({"mask", "strokes", "avoid"})


def _do(
    data: bytes, options: Mapping[str, Any], files: Mapping[str, list[bytes]], name: str, kind: str | None
) -> FileReport:
    from cleanplate.tasks.photo import erase_file

    how = EraseOptions(
        engine=options.get("engine", "auto"),
        device=options.get("device", "auto"),
        weights=_path(options.get("weights")),
        seed=options.get("seed", 0),
        grow=options.get("grow"),
        close_islands=not options.get("keep_islands", False),
        threads=options.get("threads"),
        encode=EncodeOptions(
            kind, options.get("quality"), options.get("strip_gps", False), options.get("mark_ai", False)
        ),
        limits=Limits(max_pixels=options.get("max_pixels", Limits.max_pixels)),
    )
    return erase_file(data, Targets(None), _selection(options, files), how, name=name)


def _selection(options: Mapping[str, Any], files: Mapping[str, list[bytes]]) -> Selection:
    from cleanplate.detect.tiles import look_of
    from cleanplate.tasks.people import People

    people = People(
        everyone=options.get("people", False),
        passersby=options.get("passersby", False),
        keep=options.get("keep"),
        clicks=tuple(options.get("click", ())),
        instances=tuple(options.get("instance", ())),
        labels=tuple(options.get("label", ())),
        min_score=options.get("min_score", People.min_score),
        look=look_of(options.get("look", "closer")),
        weights=_path(options.get("people_weights")),
    )
    return Selection(
        boxes=tuple(options.get("box", ())),
        spots=tuple(options.get("spot", ())),
        polygons=tuple(options.get("polygon", ())),
        strokes=tuple(files.get("strokes", ())),
        masks=tuple(files.get("mask", ())),
        invert_masks=options.get("invert_mask", False),
        snap=options.get("snap", False),
        avoid=tuple(files.get("avoid", ())),
        people=people,
    )


def _check(options: Mapping[str, Any]) -> None:
    from cleanplate.tasks.people import check_wanted

    selection = _selection(options, {name: [b""] for name in _FILES if options.get(name)})
    if selection.is_empty:
        raise ArgumentError("nothing says what to erase", fix=NAME_SOMETHING)
    check_wanted(selection.people)
    if selection.snap and not selection.boxes:
        raise ArgumentError("tightens boxes, and there is none", subject="--snap", fix="add --box")
    if selection.invert_masks and not selection.masks:
        raise ArgumentError("needs a mask to invert", subject="--invert-mask", fix="add --mask")


def _named(picture: PurePosixPath, options: Mapping[str, Any]) -> PurePosixPath:
    return PurePosixPath(natural_name(Path(picture)).as_posix())


def _path(value: str | None) -> Path | None:
    return None if value is None else Path(value)


OPERATION = Operation(
    options={
        **dict.fromkeys(("passersby", "people", "invert_mask", "snap", "keep_islands", "strip_gps", "mark_ai"), flag),
        **dict.fromkeys(("click", "label", "box", "spot", "polygon", "strokes", "mask", "avoid"), texts),
        **dict.fromkeys(("keep", "grow", "seed", "quality", "max_pixels"), whole),
        **dict.fromkeys(("look", "people_weights", "engine", "weights", "device"), text),
        "instance": wholes,
        "min_score": number,
    },
    files=_FILES,
    check=_check,
    named=_named,
    do=_do,
)
