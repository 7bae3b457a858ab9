"""Cut out and replace backgrounds, from file to file: decode, matte, compose, encode, write, and say what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.compose.profiles import converted
from cleanplate.container import exif
from cleanplate.decode.image import read_picture
from cleanplate.decode.source import read_source
from cleanplate.encode.image import encode
from cleanplate.encode.options import format_of
from cleanplate.errors import ArgumentError
from cleanplate.matting.network import open_network
from cleanplate.picture import Metadata, Picture
from cleanplate.runtime.early import open_early
from cleanplate.tasks.background import Backdrop, Blur, replace_background
from cleanplate.tasks.clock import Clock
from cleanplate.tasks.cutout import CutoutResult, alpha_levels, cutout, uncovered_blanked
from cleanplate.tasks.matte_options import BackgroundOptions, Behind, CutoutOptions, MatteOptions
from cleanplate.tasks.matte_report import MatteReport
from cleanplate.tasks.outputs import WritingRules, check_outputs, write_all
from cleanplate.types import Box, Image

TRANSPARENT = "transparent"
_WITHOUT_ALPHA = {"JPEG"}


def cutout_file(
    source: Path | bytes, target: Path | None, options: CutoutOptions, *, name: str | None = None
) -> MatteReport:
    """Cut the people out of one picture file.

    The result has transparency, the depth of the picture (16 bits where the type holds them), and its metadata and
    profile. With nobody in the picture it is transparent everywhere, and a note says so.

    Args:
        source: the picture file, or its bytes.
        target: where the result goes; its ending decides the type. None hands the bytes back, as PNG unless
            ``options.encode.format`` says otherwise.
        options: how.
        name: what messages call the picture; the path if None.

    Raises:
        InputError: the picture cannot be read.
        ArgumentError: the type of the target has no transparency, or an option is out of range.
        SelectionError: there is no such person.
        OutputError: the output exists, is the input, or cannot be written.
        EngineError: no network, or it failed.
    """
    clock = Clock()
    kind = _kind(target, options.encode.format, needs_alpha=not options.matte_only)
    picture, shown = _opened(source, target, [], options, name, clock)
    result = cutout(picture.pixels, **_matting(options.matte))
    clock.lap("matte")
    report = _report(picture, shown, result, "empty" if result.empty else "cut out")
    levels = _with_own_alpha(alpha_levels(result.alpha, picture.pixels.dtype), picture)
    box = _trimmed(levels) if options.trim else None
    if box is not None:
        report = replace(report, trimmed=box)
    if options.matte_only:
        plane = levels if box is None else levels[box.slices]
        made, pixels, alpha = _as_matte(picture, plane), np.repeat(plane[..., None], 3, axis=2), None
    else:
        made, pixels, alpha = _as_cutout(picture, result.image, levels, box)
    clock.lap("compose")
    encoded = encode(made, pixels, changed=None, alpha=alpha, options=replace(options.encode, format=kind))
    report = replace(report, notes=[*report.notes, *encoded.notes])
    return _written(report, encoded.data, target, options, clock)


def background_file(
    source: Path | bytes, target: Path | None, options: BackgroundOptions, *, name: str | None = None
) -> MatteReport:
    """Put the people of one picture file before another background.

    Type, depth, metadata and profile of the picture stay; a background picture is converted to its profile. With
    nobody in the picture the result is a copy of the input.

    Args:
        source: the picture file, or its bytes.
        target: where the result goes; its ending decides the type. None hands the bytes back.
        options: what comes behind, and how.
        name: what messages call the picture; the path if None.

    Raises:
        InputError: the picture or the background cannot be read.
        ArgumentError: an option is wrong, or the type of the target has no transparency and some is asked for.
        SelectionError: there is no such person.
        OutputError: the output exists, is an input, or cannot be written.
        EngineError: no network, or it failed.
    """
    wanted = parse_behind(options.behind)
    if wanted == TRANSPARENT:
        return cutout_file(source, target, _transparent(options), name=name)
    clock = Clock()
    kind = _kind(target, options.encode.format, needs_alpha=False, source=source)
    picture, shown = _opened(source, target, [wanted] if isinstance(wanted, Path) else [], options, name, clock)
    backdrop, remarks = _backdrop(wanted, picture, options)
    behind = options.behind
    result = replace_background(
        picture.pixels,
        backdrop,
        fit=behind.fit,
        backdrop_position=behind.backdrop_position,
        subject_scale=behind.subject_scale,
        position=behind.position,
        **_matting(options.matte),
    )
    clock.lap("matte")
    report = _report(picture, shown, result.cutout, "copied" if result.cutout.empty else "replaced")
    report = replace(report, notes=[*picture.notes, *remarks, *result.notes])
    encode_options = replace(options.encode, format=kind)
    if result.cutout.empty and kind in (None, picture.format) and not options.encode.strip_gps:
        return _written(report, picture.source, target, options, clock)
    made = _as_photograph(picture, coloured=not isinstance(wanted, Blur) and not result.cutout.empty)
    changed = (result.image != picture.pixels).any(axis=2)
    clock.lap("compose")
    encoded = encode(made, result.image, changed=changed, options=encode_options)
    report = replace(report, notes=[*report.notes, *encoded.notes])
    return _written(report, encoded.data, target, options, clock)


def parse_behind(behind: Behind) -> Blur | Path | bytes | tuple[int, int, int] | str:
    """Read what comes behind: ``transparent``, a colour, ``blur:12``, or the path of a picture.

    Raises:
        ArgumentError: none of these, or a video.
        MissingInputError: there is no such file.
    """
    from cleanplate.tasks import backdrop as video

    if isinstance(behind.backdrop, bytes):
        return behind.backdrop
    if behind.backdrop.strip().lower() == TRANSPARENT:
        return TRANSPARENT
    wanted = video.parse_backdrop(behind.backdrop)
    if isinstance(wanted, video.Blur):
        return Blur(wanted.strength)
    if isinstance(wanted, Path) and wanted.is_dir():
        raise ArgumentError("is a folder", subject=f"--with {wanted}", fix="name one picture")
    return wanted


def _matting(options: MatteOptions) -> dict[str, Any]:
    return {
        "person": options.person,
        "feather": options.feather,
        "shift_edge": options.shift_edge,
        "clean": options.clean,
        "edges": options.edges,
        "confirm": options.confirm,
        "weights": options.weights,
        "device": options.device,
        "threads": options.threads,
    }


def _transparent(options: BackgroundOptions) -> CutoutOptions:
    behind = options.behind
    if behind.subject_scale != 1.0 or behind.position is not None:
        raise ArgumentError(
            "cannot scale or move the people", subject="--with transparent", fix="drop --subject-scale and --position"
        )
    return CutoutOptions(
        matte=options.matte,
        overwrite=options.overwrite,
        in_place=options.in_place,
        make_folders=options.make_folders,
        encode=options.encode,
        limits=options.limits,
    )


def _kind(
    target: Path | None, wanted: str | None, *, needs_alpha: bool, source: Path | bytes | None = None
) -> str | None:
    """The type to write; None for that of the input."""
    if target is None:
        kind = wanted or ("PNG" if source is None else None)
    elif isinstance(source, Path) and source.suffix.lower() == target.suffix.lower():
        kind = None
    else:
        kind = format_of(target)
    if needs_alpha and kind in _WITHOUT_ALPHA:
        subject = "--format" if target is None else target
        raise ArgumentError(
            "JPEG has no transparency", subject=subject, fix="end the name in .png, .webp or .tif, or use --with white"
        )
    return kind


def _opened(
    source: Path | bytes,
    target: Path | None,
    further: Sequence[Path],
    options: CutoutOptions | BackgroundOptions,
    name: str | None,
    clock: Clock,
) -> tuple[Picture, str]:
    inputs = [*([source] if isinstance(source, Path) else []), *further]
    check_outputs([] if target is None else [target], inputs, options)
    matte = options.matte
    open_early(lambda: open_network(matte.weights, device=matte.device, threads=matte.threads))
    data, shown = read_source(source, name=name, limits=options.limits)
    picture = read_picture(data, name=shown, limits=options.limits)
    clock.lap("decode")
    return picture, shown


def _backdrop(
    wanted: Blur | Path | bytes | tuple[int, int, int] | str, picture: Picture, options: BackgroundOptions
) -> tuple[Backdrop, tuple[str, ...]]:
    """What comes behind, in the colours of the picture's profile."""
    profile = picture.metadata.icc if picture.mode == "RGB" else None
    if isinstance(wanted, tuple):
        pixels, notes = converted(np.array([[wanted]], np.uint8), None, profile)
        red, green, blue = (int(level) for level in pixels[0, 0])
        return (red, green, blue), notes
    if isinstance(wanted, Path | bytes):
        name = "background" if isinstance(wanted, bytes) else None
        other = read_picture(wanted, name=name, limits=options.limits)
        own = other.metadata.icc if other.mode == "RGB" else None
        return converted(other.pixels, own, profile)
    assert isinstance(wanted, Blur)
    return wanted, ()


def _report(picture: Picture, name: str, result: CutoutResult, status: str) -> MatteReport:
    return MatteReport(
        status,
        name,
        picture.format,
        (picture.width, picture.height),
        people=list(result.people),
        covered=float(result.alpha.mean()),
        engine=result.network,
        device=result.device,
        steps=dict(result.timings),
        notes=[*picture.notes, *result.notes],
    )


def _with_own_alpha(levels: NDArray[Any], picture: Picture) -> NDArray[Any]:
    """What was transparent already stays so."""
    return levels if picture.alpha is None else np.minimum(levels, picture.alpha)


def _trimmed(levels: NDArray[Any]) -> Box | None:
    rows, columns = np.flatnonzero(levels.any(axis=1)), np.flatnonzero(levels.any(axis=0))
    if not len(rows):
        return None
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def _as_matte(picture: Picture, levels: NDArray[Any]) -> Picture:
    """A grey picture without a past: nothing of the photograph's file belongs to its alpha but the resolution."""
    pixels = np.repeat(levels[..., None], 3, axis=2)
    metadata = Metadata(dpi=picture.metadata.dpi)
    return Picture(pixels, None, "BMP", picture.name, "L", picture.depth, 1, True, metadata=metadata)


def _as_cutout(
    picture: Picture, colours: Image, levels: NDArray[Any], box: Box | None
) -> tuple[Picture, Image, NDArray[Any]]:
    """The picture to encode, its pixels and alpha; nothing of the old background stays where alpha is 0."""
    # Palettes and pure black and white cannot hold soft edges.
    made = replace(picture, mode={"P": "RGB", "1": "L"}.get(picture.mode, picture.mode))
    pixels = uncovered_blanked(colours, levels)
    if box is None:
        return made, pixels, levels
    block = picture.metadata.exif
    if block is not None:
        block = exif.edited(block, exif.ExifEdit(1, (box.width, box.height)))
    made = replace(
        made,
        pixels=picture.pixels[box.slices],
        alpha=None,
        # A TIFF's other pages, tiles and tags describe the whole picture.
        format="BMP" if picture.format == "TIFF" else picture.format,
        orientation=1,
        ink=None if picture.ink is None else picture.ink[box.slices],
        extra=None,
        metadata=replace(picture.metadata, exif=block),
    )
    return made, pixels[box.slices], levels[box.slices]


def _as_photograph(picture: Picture, *, coloured: bool) -> Picture:
    """The picture to encode: opaque, and in colour if the new background may have some."""
    made = replace(picture, alpha=None)
    if coloured and picture.mode in ("1", "L", "P"):
        grey_profile = picture.mode != "P"
        metadata = replace(picture.metadata, icc=None) if grey_profile else picture.metadata
        made = replace(made, mode="RGB", metadata=metadata)
    return made


def _written(report: MatteReport, data: bytes, target: Path | None, rules: WritingRules, clock: Clock) -> MatteReport:
    clock.lap("encode")
    write_all([(target, data)], rules)
    clock.lap("write")
    outputs = [] if target is None else [str(target)]
    return replace(report, outputs=outputs, data=data if target is None else None, timings=clock.timings())
