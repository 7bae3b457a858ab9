"""Restore, from file to file: decode each page, restore, encode, write, and say what was done."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from cleanplate.colour.hints import ColourHint, parse_hints
from cleanplate.container import exif, tiff_pages
from cleanplate.container.tiff import TiffError
from cleanplate.decode.image import read_picture
from cleanplate.decode.limits import Limits
from cleanplate.decode.mask import read_mask
from cleanplate.decode.source import read_source
from cleanplate.decode.tiff import is_raw
from cleanplate.encode.image import encode
from cleanplate.encode.options import EncodeOptions, format_of
from cleanplate.encode.preview import encode_mask
from cleanplate.errors import ArgumentError, OutputError, SelectionError
from cleanplate.picture import Picture
from cleanplate.runtime.early import open_early
from cleanplate.tasks.clock import Clock
from cleanplate.tasks.outputs import Files, check_outputs, write_all
from cleanplate.tasks.restoration import RestoreResult, restore
from cleanplate.tasks.restore_networks import NetworkChoice, open_networks
from cleanplate.tasks.restore_options import Kind, RestoreOptions, RestoreTargets
from cleanplate.tasks.restore_report import RestoreReport
from cleanplate.types import Box, Image, Mask

_ENCODED_AT_A_TIME = 2
"""Outputs of one page; each takes memory of the size of the page."""
_TIFF_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


@dataclass
class _Page:
    """What became of one page. No pixels: a file may have hundreds of pages.

    Attributes:
        format: type of the file.
        size: width and height.
        mask: the defects as a PNG.
        defect_pixels: how many.
        box: the part that was kept, if it was cropped.
        engines, device, timings, notes: as in :class:`cleanplate.tasks.restoration.RestoreResult`.
        files: bytes of each picture.
    """

    format: str
    size: tuple[int, int]
    mask: bytes
    defect_pixels: int
    box: Box | None
    engines: dict[str, str]
    device: str
    timings: dict[str, float]
    notes: list[str]
    files: dict[Kind, bytes] = field(default_factory=dict)


def restore_file(
    source: Path | bytes, targets: RestoreTargets, options: RestoreOptions, *, name: str | None = None
) -> RestoreReport:
    """Restore one picture file, with all its pages, and write the results; all outputs appear, or none.

    Pictures keep type, depth, resolution, metadata and profile; coloured ones of grey files become RGB. Where nothing
    is damaged the restored picture is a copy of the input, byte for byte. Masks have the size of the uncropped page.

    Args:
        source: the picture file, or its bytes.
        targets: where the outputs go; without a base the report holds their bytes.
        options: how.
        name: what messages call the picture; the path if None.

    Raises:
        InputError: the picture, a mask or the hints cannot be read.
        ArgumentError: an option is out of range, or the type of the output has no pages.
        SelectionError: a mask or a hint does not fit the picture, or everything is marked.
        OutputError: an output exists, is an input, or cannot be written.
        EngineError: a network is missing or failed.
    """
    clock = Clock()
    data, shown = read_source(source, name=name, limits=options.limits)
    parts, left_out = split_pages(data)
    paths = targets.paths(options, len(parts))
    check_outputs([path for each in paths.values() for path in each], _inputs(source, options), options)
    encode_options = _encoding(targets, options)
    _check_pages(len(parts), encode_options, targets, options, shown)
    wanted = options.kinds if targets.only is None else (targets.only,)
    pages = []
    for number, part in enumerate(parts):
        page_name = shown if len(parts) == 1 else f"{shown} (page {number + 1})"
        pages.append(_page(part, number, page_name, wanted, options, encode_options))
    clock.lap("pages")
    joined = {kind: join_pages([page.files[kind] for page in pages]) for kind in pages[0].files}
    masks = [page.mask for page in pages]
    report = _report(shown, pages, left_out)
    clock.lap("encode")
    if targets.base is None:
        files: dict[str, bytes] = dict(joined.items())
        files |= {_mask_name(number): mask for number, mask in enumerate(masks)}
        key = targets.only or "restored"
        return replace(report, files=files, data=files.get(key), timings=_timings(pages, clock))
    written: Files = []
    for kind, places in paths.items():
        contents = masks if kind == "defects" else [joined[kind]]
        written += zip(places, contents, strict=False)
    write_all(written, options)
    clock.lap("write")
    outputs = [str(path) for path, _ in written]
    return replace(report, outputs=outputs, timings=_timings(pages, clock))


def read_hints(source: Path | bytes | None, limits: Limits) -> list[ColourHint]:
    """The colour hints of a file, or of its bytes; none for None.

    Raises:
        InputError: the file cannot be read.
        SelectionError: it holds no colour hints.
    """
    if source is None:
        return []
    content, name = read_source(source, name="hints" if isinstance(source, bytes) else None, limits=limits)
    return parse_hints(content, name=name)


def as_coloured(picture: Picture) -> Picture:
    """The picture to encode where grey, ink and palettes cannot hold its new colours."""
    kept = picture
    if picture.mode in ("1", "L", "CMYK"):
        # Their profiles describe one channel, or inks.
        kept = replace(picture, mode="RGB", ink=None, metadata=replace(picture.metadata, icc=None))
    elif picture.mode == "P":
        kept = replace(picture, mode="RGB")
    # Blocks of a JPEG that are all new are encoded without subsampling, which would blur the colours' edges.
    return replace(kept, format="BMP") if picture.format == "JPEG" else kept


def split_pages(data: bytes) -> tuple[list[bytes], int]:
    """The pages of a picture file, each as a file, and how many previews of pages were left out."""
    if data[:4] not in _TIFF_MARKS or is_raw(data):
        return [data], 0
    try:
        return tiff_pages.split(data)
    except TiffError:
        return [data], 0  # the decoder says what is wrong


def _inputs(source: Path | bytes, options: RestoreOptions) -> list[Path]:
    further = (*options.masks, options.hints)
    return [each for each in (source, *further) if isinstance(each, Path)]


def _encoding(targets: RestoreTargets, options: RestoreOptions) -> EncodeOptions:
    """How pictures are encoded: what the ending of a single output says counts."""
    if targets.only in (None, "defects") or targets.base is None or options.encode.format is not None:
        return options.encode
    return replace(options.encode, format=format_of(targets.base))


def _check_pages(
    count: int, encode_options: EncodeOptions, targets: RestoreTargets, options: RestoreOptions, name: str
) -> None:
    if targets.only == "defects" and targets.base is not None and targets.base.suffix.lower() != ".png":
        raise ArgumentError(f"cannot be {targets.base.name}", subject="--only defects", fix="end it in .png")
    for kind in options.only if targets.only is None else (targets.only,):
        if kind not in options.kinds:
            raise ArgumentError("needs colours", subject=f"--only {kind}", fix="drop --no-colour")
    if options.hints is not None and not options.colour:
        raise ArgumentError("say colours, but --no-colour wants none", subject="--hints", fix="drop one of the two")
    if count > 1 and encode_options.format not in (None, "TIFF"):
        raise ArgumentError(
            f"has {count} pages, which {encode_options.format} cannot hold", subject=name, fix="write TIFF"
        )
    if count > 1 and targets.only == "defects":
        raise ArgumentError(
            f"has {count} pages, each with a mask of its own", subject=name, fix="leave --only out and name a folder"
        )
    if len(options.masks) not in (0, count):
        raise SelectionError(
            f"has {count} page(s) but {len(options.masks)} mask(s) were given",
            subject=name,
            fix="give one --mask a page",
        )


def _page(
    data: bytes, number: int, name: str, wanted: Sequence[Kind], options: RestoreOptions, how: EncodeOptions
) -> _Page:
    colour = bool({"colour", "restored_colour"} & set(wanted))
    open_early(lambda: open_networks(_choice(options, colour)))
    picture = read_picture(data, name=name, limits=options.limits)
    mask = _given_mask(options, number, picture)
    hints = read_hints(options.hints, options.limits) if number == 0 and colour else []
    result = restore(
        picture.pixels,
        mask,
        sensitivity=options.sensitivity,
        fine=options.fine,
        flips=options.flips,
        colour=colour,
        hints=hints,
        fading=options.fading,
        crop=options.crop,
        weights_defects=options.weights_defects,
        weights_fill=options.weights_fill,
        weights_colour=options.weights_colour,
        engine=options.engine,
        seed=options.seed,
        device=options.device,
        threads=options.threads,
    )
    images = {"restored": result.restored, "restored_colour": result.restored_colour, "colour": result.colour}
    with ThreadPoolExecutor(_ENCODED_AT_A_TIME) as pool:
        mask_file = pool.submit(encode_mask, result.defects)
        files = {
            kind: pool.submit(_encoded, picture, result, kind, cast("Image", images[kind]), options, how)
            for kind in wanted
            if kind != "defects"
        }
    notes = [*picture.notes, *result.notes, *(note for file in files.values() for note in file.result()[1])]
    return _Page(
        picture.format,
        (picture.width, picture.height),
        mask_file.result(),
        int(np.count_nonzero(result.defects)),
        result.box,
        result.engines,
        result.device,
        result.timings,
        list(dict.fromkeys(notes)),
        {kind: file.result()[0] for kind, file in files.items()},
    )


def _choice(options: RestoreOptions, colour: bool) -> NetworkChoice:
    return NetworkChoice(
        find=not options.masks,
        colour=colour,
        engine=options.engine,
        weights_defects=options.weights_defects,
        weights_fill=options.weights_fill,
        weights_colour=options.weights_colour,
        device=options.device,
        threads=options.threads,
    )


def _given_mask(options: RestoreOptions, number: int, picture: Picture) -> Mask | None:
    if not options.masks:
        return None
    given = options.masks[number]
    return read_mask(given, fitting=picture, name="mask" if isinstance(given, bytes) else None, limits=options.limits)


def _encoded(
    picture: Picture, result: RestoreResult, kind: Kind, pixels: Image, options: RestoreOptions, how: EncodeOptions
) -> tuple[bytes, Sequence[str]]:
    """One picture of one page as bytes, and remarks."""
    changed: NDArray[Any] | None = None
    if kind == "restored":
        untouched = not result.defects.any() and not options.fading and result.box is None
        if untouched and how.format in (None, picture.format) and not how.strip_gps:
            return picture.source, ()
        changed = None if options.fading else result.defects
    made = picture if kind == "restored" else as_coloured(picture)
    options_used = how if how.format is not None or made.format == picture.format else replace(how, format="JPEG")
    if picture.format == "RAW" and how.format is None:
        options_used = replace(how, format="TIFF")
    if result.box is not None:
        made, pixels = _cropped(made, result.box), pixels[result.box.slices]
        options_used = replace(options_used, format=options_used.format or picture.format)
        changed = None
    encoded = encode(made, cast("Image", np.ascontiguousarray(pixels)), changed=changed, options=options_used)
    return encoded.data, encoded.notes


def _cropped(picture: Picture, box: Box) -> Picture:
    block = picture.metadata.exif
    if block is not None:
        block = exif.edited(block, exif.ExifEdit(1, (box.width, box.height)))

    def part(array: NDArray[Any] | None) -> NDArray[Any] | None:
        return None if array is None else np.ascontiguousarray(array[box.slices])

    return replace(
        picture,
        pixels=cast("Image", part(picture.pixels)),
        alpha=part(picture.alpha),
        ink=part(picture.ink),
        extra=part(picture.extra),
        # The blocks of a JPEG are those of the whole picture.
        format="BMP" if picture.format == "JPEG" else picture.format,
        orientation=1,
        metadata=replace(picture.metadata, exif=block),
    )


def join_pages(files: list[bytes]) -> bytes:
    """One file of several pages.

    Raises:
        OutputError: they do not fit into one TIFF.
    """
    if len(files) == 1:
        return files[0]
    try:
        return tiff_pages.join(files)
    except TiffError as error:
        raise OutputError(f"cannot be written as TIFF ({error})", subject="pages") from None


def _mask_name(number: int) -> str:
    return "defects" if number == 0 else f"defects-{number + 1}"


def _report(name: str, pages: list[_Page], left_out: int) -> RestoreReport:
    first = pages[0]
    marked = sum(page.defect_pixels for page in pages)
    pixels = sum(page.size[0] * page.size[1] for page in pages)
    engines: dict[str, str] = {}
    notes: list[str] = []
    for number, page in enumerate(pages, start=1):
        engines |= page.engines
        notes += page.notes if len(pages) == 1 else [f"page {number}: {note}" for note in page.notes]
    if left_out:
        notes.append(f"left out {left_out} reduced copies of pages")
    return RestoreReport(
        "restored" if marked else "undamaged",
        name,
        first.format,
        first.size,
        pages=len(pages),
        defect_pixels=marked,
        defect_share=marked / pixels,
        cropped=first.box,
        engine=" + ".join(dict.fromkeys(engines.values())),
        engines=engines,
        device=first.device,
        notes=notes,
    )


def _timings(pages: list[_Page], clock: Clock) -> dict[str, float]:
    """Steps within pages apart, and what is left of them as decoding and encoding."""
    measured = clock.timings()
    steps: dict[str, float] = {}
    for page in pages:
        for step, seconds in page.timings.items():
            if step != "total":
                steps[step] = steps.get(step, 0.0) + seconds
    whole = measured.pop("pages")
    return {**steps, **measured, "encode": measured.get("encode", 0.0) + whole - sum(steps.values())}
