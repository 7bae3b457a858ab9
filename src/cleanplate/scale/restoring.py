"""``batch restore`` and ``batch colorize``: damage removed, colours added, in every picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from cleanplate.batch.assignment import Report
from cleanplate.decode.limits import Limits
from cleanplate.encode.options import SUFFIXES, EncodeOptions
from cleanplate.errors import ArgumentError
from cleanplate.scale.operations import Operation
from cleanplate.scale.options import flag, number, text, texts, whole
from cleanplate.tasks.outputs import natural_name
from cleanplate.tasks.restore_options import KINDS, ColorizeOptions, Kind, RestoreOptions, RestoreTargets
from cleanplate.tasks.restore_report import RestoreReport

_ENDINGS = {kind: ending for ending, kind in reversed(SUFFIXES.items())}
_MAIN: Kind = "restored"


def _restore(
    data: bytes, options: Mapping[str, Any], files: Mapping[str, list[bytes]], name: str, kind: str | None
) -> RestoreReport:
    from cleanplate.tasks.restore_file import restore_file

    hints = files.get("hints")
    how = RestoreOptions(
        masks=tuple(files.get("mask", ())),
        sensitivity=options.get("sensitivity", 0.5),
        fine=options.get("fine", False),
        flips=options.get("flips", False),
        colour=not options.get("no_colour", False),
        hints=hints[0] if hints else None,
        fading=options.get("fading", False),
        crop=options.get("crop", False),
        weights_defects=_path(options.get("weights_defects")),
        weights_fill=_path(options.get("weights_fill")),
        weights_colour=_path(options.get("weights_colour")),
        engine=options.get("engine", "auto"),
        seed=options.get("seed", 0),
        device=options.get("device", "auto"),
        threads=options.get("threads"),
        encode=_encode(options, kind if _only(options) != "defects" else None),
        limits=_limits(options),
    )
    return restore_file(data, RestoreTargets(None, _only(options)), how, name=name)


def _colorize(
    data: bytes, options: Mapping[str, Any], files: Mapping[str, list[bytes]], name: str, kind: str | None
) -> RestoreReport:
    from cleanplate.tasks.colorize_file import colorize_file

    hints = files.get("hints")
    how = ColorizeOptions(
        hints=hints[0] if hints else None,
        weights=_path(options.get("weights")),
        device=options.get("device", "auto"),
        threads=options.get("threads"),
        encode=_encode(options, kind),
        limits=_limits(options),
    )
    return colorize_file(data, None, how, name=name)


def _further(output: PurePosixPath, report: Report, options: Mapping[str, Any]) -> dict[PurePosixPath, bytes]:
    """The coloured pictures and the masks, beside the restored picture."""
    if _only(options) is not None or not isinstance(report, RestoreReport):
        return {}
    stem = output.stem.removesuffix(f"_{_MAIN}")
    contents: dict[PurePosixPath, bytes] = {}
    for kind, content in report.files.items():
        if kind != _MAIN:
            ending = ".png" if kind.startswith("defects") else output.suffix
            contents[output.with_name(f"{stem}_{kind}{ending}")] = content
    return contents


def _restored_name(picture: PurePosixPath, options: Mapping[str, Any]) -> PurePosixPath:
    named = _named(picture, options)
    only = _only(options)
    if only is None:
        return named.with_name(f"{named.stem}_{_MAIN}{named.suffix}")
    return named.with_suffix(".png") if only == "defects" else named


def _named(picture: PurePosixPath, options: Mapping[str, Any]) -> PurePosixPath:
    kind = _kind(options)
    return (
        PurePosixPath(natural_name(Path(picture)).as_posix()) if kind is None else picture.with_suffix(_ENDINGS[kind])
    )


def _check_restore(options: Mapping[str, Any]) -> None:
    _kind(options)
    only = _only(options)
    if only is not None and only not in KINDS:
        raise ArgumentError(f"cannot be '{only}'", subject="--only", fix=f"use {', '.join(KINDS)}")
    if options.get("no_colour", False) and only in ("restored_colour", "colour"):
        raise ArgumentError("leaves out what is asked for", subject="--no-colour", fix="drop it, or --only")


def _check_colorize(options: Mapping[str, Any]) -> None:
    _kind(options)


def _only(options: Mapping[str, Any]) -> Any:
    only = options.get("only")
    return None if only is None else only.replace("-", "_")


def _kind(options: Mapping[str, Any]) -> str | None:
    wanted = options.get("format")
    if wanted is None:
        return None
    kind = SUFFIXES.get(f".{wanted.lower().lstrip('.')}")
    if kind is None:
        raise ArgumentError(f"cannot be '{wanted}'", subject="--format", fix="use png, webp, tiff, jpeg, avif or heif")
    return kind


def _encode(options: Mapping[str, Any], kind: str | None) -> EncodeOptions:
    return EncodeOptions(kind, options.get("quality"), options.get("strip_gps", False), options.get("mark_ai", False))


def _limits(options: Mapping[str, Any]) -> Limits:
    return Limits(max_pixels=options.get("max_pixels", Limits.max_pixels))


def _path(value: str | None) -> Path | None:
    return None if value is None else Path(value)


_COMMON = {
    **dict.fromkeys(("strip_gps", "mark_ai"), flag),
    **dict.fromkeys(("quality", "max_pixels"), whole),
    **dict.fromkeys(("hints", "device", "format"), text),
}
RESTORE = Operation(
    options={
        **_COMMON,
        **dict.fromkeys(("fine", "flips", "no_colour", "fading", "crop"), flag),
        **dict.fromkeys(("engine", "weights_defects", "weights_fill", "weights_colour", "only"), text),
        "mask": texts,
        "sensitivity": number,
        "seed": whole,
    },
    files=frozenset({"mask", "hints"}),
    check=_check_restore,
    named=_restored_name,
    do=_restore,
    further=_further,
)
COLORIZE = Operation(
    options={**_COMMON, "weights": text},
    files=frozenset({"hints"}),
    check=_check_colorize,
    named=_named,
    do=_colorize,
)
