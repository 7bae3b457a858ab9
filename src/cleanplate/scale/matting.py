"""``batch cutout`` and ``batch background``: people without their background, or before another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from cleanplate.decode.limits import Limits
from cleanplate.encode.options import SUFFIXES, EncodeOptions
from cleanplate.errors import ArgumentError
from cleanplate.scale.operations import Operation
from cleanplate.scale.options import flag, number, text, whole
from cleanplate.tasks.matte_options import BackgroundOptions, Behind, CutoutOptions, MatteOptions
from cleanplate.tasks.matte_report import MatteReport
from cleanplate.tasks.outputs import natural_name

_ENDINGS = {kind: ending for ending, kind in reversed(SUFFIXES.items())}
_COMMON = {
    **dict.fromkeys(("keep_colours", "strip_gps", "mark_ai", "confirm"), flag),
    **dict.fromkeys(("person", "quality", "max_pixels"), whole),
    **dict.fromkeys(("feather", "shift_edge"), number),
    **dict.fromkeys(("weights", "device", "format"), text),
}


def _matte(options: Mapping[str, Any]) -> MatteOptions:
    weights = options.get("weights")
    return MatteOptions(
        weights=None if weights is None else Path(weights),
        device=options.get("device", "auto"),
        person=options.get("person"),
        feather=options.get("feather", 0.0),
        shift_edge=options.get("shift_edge", 0.0),
        clean=not options.get("keep_colours", False),
        threads=options.get("threads"),
        confirm=options.get("confirm"),
    )


def _encode(options: Mapping[str, Any], kind: str | None) -> EncodeOptions:
    return EncodeOptions(kind, options.get("quality"), options.get("strip_gps", False), options.get("mark_ai", False))


def _limits(options: Mapping[str, Any]) -> Limits:
    return Limits(max_pixels=options.get("max_pixels", Limits.max_pixels))


def _cut_out(
    data: bytes, options: Mapping[str, Any], files: Mapping[str, list[bytes]], name: str, kind: str | None
) -> MatteReport:
    from cleanplate.tasks.cutout_file import cutout_file

    how = CutoutOptions(
        matte=_matte(options),
        matte_only=options.get("matte_only", False),
        trim=options.get("trim", False),
        encode=_encode(options, kind),
        limits=_limits(options),
    )
    return cutout_file(data, None, how, name=name)


def _replace(
    data: bytes, options: Mapping[str, Any], files: Mapping[str, list[bytes]], name: str, kind: str | None
) -> MatteReport:
    from cleanplate.tasks.cutout_file import background_file

    pictures = files.get("with")
    how = BackgroundOptions(
        _behind(options, pictures[0] if pictures else options["with"]),
        matte=_matte(options),
        encode=_encode(options, kind),
        limits=_limits(options),
    )
    return background_file(data, None, how, name=name)


def _behind(options: Mapping[str, Any], backdrop: str | bytes) -> Behind:
    return Behind(
        backdrop,
        options.get("fit", "cover"),
        options.get("backdrop_position", "center"),
        options.get("subject_scale", 1.0),
        options.get("position"),
    )


def _check_cutout(options: Mapping[str, Any]) -> None:
    kind = _kind(options)
    if kind == "JPEG" and not options.get("matte_only", False):
        raise ArgumentError("JPEG has no transparency", subject="--format", fix="use png, webp or tiff")


def _check_background(options: Mapping[str, Any]) -> None:
    from cleanplate.tasks.cutout_file import parse_behind
    from cleanplate.tasks.places import parse_place

    if "with" not in options:
        raise ArgumentError("is missing", subject="--with", fix="name a colour, blur, transparent or a picture")
    if options.get("fit", "cover") not in ("cover", "contain"):
        raise ArgumentError(f"is '{options['fit']}'", subject="--fit", fix="use cover or contain")
    if "://" not in options["with"]:
        parse_behind(_behind(options, options["with"]))
    parse_place(options.get("backdrop_position", "center"), option="--backdrop-position")
    if options.get("position") is not None:
        parse_place(options["position"])
    _kind(options)


def _kind(options: Mapping[str, Any]) -> str | None:
    wanted = options.get("format")
    if wanted is None:
        return None
    kind = SUFFIXES.get(f".{wanted.lower().lstrip('.')}")
    if kind is None:
        raise ArgumentError(f"cannot be '{wanted}'", subject="--format", fix="use png, webp, tiff, jpeg, avif or heif")
    return kind


def _cutout_named(picture: PurePosixPath, options: Mapping[str, Any]) -> PurePosixPath:
    return picture.with_suffix(_ENDINGS[_kind(options) or "PNG"])


def _background_named(picture: PurePosixPath, options: Mapping[str, Any]) -> PurePosixPath:
    kind = _kind(options)
    if kind is None and options["with"].strip().lower() == "transparent":
        kind = "PNG"
    if kind is None:
        return PurePosixPath(natural_name(Path(picture)).as_posix())
    return picture.with_suffix(_ENDINGS[kind])


CUTOUT = Operation(
    options={**_COMMON, "matte_only": flag, "trim": flag},
    files=frozenset(),
    check=_check_cutout,
    named=_cutout_named,
    do=_cut_out,
)
BACKGROUND = Operation(
    options={
        **_COMMON,
        **dict.fromkeys(("with", "fit", "backdrop_position", "position"), text),
        "subject_scale": number,
    },
    files=frozenset({"with"}),
    check=_check_background,
    named=_background_named,
    do=_replace,
)
