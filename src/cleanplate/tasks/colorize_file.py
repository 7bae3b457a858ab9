"""Colorize, from file to file: decode, colour, encode, write, and say what was done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cleanplate.decode.image import read_picture
from cleanplate.decode.source import read_source
from cleanplate.encode.image import encode
from cleanplate.encode.options import format_of
from cleanplate.errors import ArgumentError
from cleanplate.tasks.clock import Clock
from cleanplate.tasks.colorization import colorize
from cleanplate.tasks.outputs import check_outputs, write_all
from cleanplate.tasks.restore_file import as_coloured, join_pages, read_hints, split_pages
from cleanplate.tasks.restore_options import ColorizeOptions
from cleanplate.tasks.restore_report import RestoreReport


def colorize_file(
    source: Path | bytes, target: Path | None, options: ColorizeOptions, *, name: str | None = None
) -> RestoreReport:
    """Colour one picture file.

    The result has the depth, resolution, transparency and metadata of the picture; grey files become RGB. All
    pages of a TIFF are coloured; hints are those of the first.

    Args:
        source: the picture file, or its bytes.
        target: where the result goes; its ending decides the type. None hands the bytes back.
        options: how.
        name: what messages call the picture; the path if None.

    Raises:
        InputError: the picture or the hints cannot be read.
        SelectionError: a hint lies outside the picture.
        OutputError: the output exists, is an input, or cannot be written.
        EngineError: no network, or it failed.
    """
    clock = Clock()
    inputs = [each for each in (source, options.hints) if isinstance(each, Path)]
    check_outputs([] if target is None else [target], inputs, options)
    data, shown = read_source(source, name=name, limits=options.limits)
    hints = read_hints(options.hints, options.limits)
    parts, _ = split_pages(data)
    same = target is None or (isinstance(source, Path) and source.suffix.lower() == target.suffix.lower())
    wanted = options.encode.format if same or target is None else format_of(target)
    if len(parts) > 1 and wanted not in (None, "TIFF"):
        raise ArgumentError(f"has {len(parts)} pages, which {wanted} cannot hold", subject=shown, fix="write TIFF")
    pages: list[bytes] = []
    notes: list[str] = []
    for number, part in enumerate(parts):
        picture = read_picture(part, name=shown, limits=options.limits)
        clock.lap("decode")
        result = colorize(
            picture.pixels,
            hints=() if number else hints,
            weights=options.weights,
            device=options.device,
            threads=options.threads,
        )
        clock.lap("colour")
        kind = wanted or ("TIFF" if picture.format == "RAW" else picture.format)
        encoded = encode(as_coloured(picture), result.image, changed=None, options=replace(options.encode, format=kind))
        pages.append(encoded.data)
        said = (*picture.notes, *result.notes, *encoded.notes)
        notes += [note for note in said if note not in notes]
        size = picture.width, picture.height
        clock.lap("encode")
    content = join_pages(pages)
    write_all([(target, content)], options)
    clock.lap("write")
    return RestoreReport(
        "coloured",
        shown,
        picture.format,
        size,
        pages=len(pages),
        engine=result.network,
        engines={"colour": result.network},
        device=result.device,
        outputs=[] if target is None else [str(target)],
        timings=clock.timings(),
        notes=notes,
        data=content if target is None else None,
    )
