"""Erase, from file to file: decode, select, erase, encode, write, and say what was done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from cleanplate.compose.overlay import overlay, shrunk, shrunk_mask
from cleanplate.compose.sheet import before_after
from cleanplate.decode.image import read_picture
from cleanplate.decode.source import read_source
from cleanplate.encode.image import encode, prepare
from cleanplate.encode.jpeg import SourceBlocks
from cleanplate.encode.options import format_of
from cleanplate.encode.preview import encode_mask, encode_preview, preview_type
from cleanplate.mask.bounds import bounding_box
from cleanplate.picture import Picture
from cleanplate.tasks.clock import Clock
from cleanplate.tasks.erase_options import DEFAULTS, EraseOptions, Targets
from cleanplate.tasks.eraser import EraseResult, erase
from cleanplate.tasks.file_report import FileReport
from cleanplate.tasks.outputs import Files, candidate_paths, check_outputs, planned_outputs, preview_path, write_all
from cleanplate.tasks.people import open_people_early
from cleanplate.tasks.selection import Selected, Selection, select
from cleanplate.types import Image, Mask

_SHEET_SIDE = 2048

NOTHING_SELECTED = "nothing is selected, so the input was copied as it is"

Progress = Callable[[int, int], None]


def erase_file(
    source: Path | bytes,
    targets: Targets,
    selection: Selection,
    options: EraseOptions = DEFAULTS,
    *,
    name: str | None = None,
    progress: Progress | None = None,
) -> FileReport:
    """Erase ``selection`` from one picture file and write the result; all outputs appear, or none.

    With nothing selected (an empty mask) the result is a copy of the input, byte for byte.

    Args:
        source: the picture file, or its bytes.
        targets: where the outputs go.
        selection: what to erase.
        options: how.
        name: what messages call the picture; the path if None.
        progress: called with windows done and their total.

    Raises:
        InputError: the picture or a mask cannot be read.
        SelectionError: the selection does not fit the picture, or leaves nothing.
        OutputError: an output exists, is an input, or cannot be written.
        EngineError: the engine is unknown or failed.
    """
    clock = Clock()
    check_outputs(planned_outputs(targets, options), _inputs(source, selection), options)
    if targets.result is not None:
        options = replace(options, encode=replace(options.encode, format=_format(source, targets.result)))
    open_people_early(selection.people, device=options.device, threads=options.threads)
    data, name = read_source(source, name=name, limits=options.limits)
    picture = read_picture(data, name=name, limits=options.limits)
    # What the encoder needs of the source is read while the hole is filled.
    prepared = None if options.dry_run else prepare(picture, options.encode)
    clock.lap("decode")
    selected = select(picture, selection, limits=options.limits, device=options.device, threads=options.threads)
    clock.lap("select")
    height, width = picture.pixels.shape[:2]
    report = FileReport(
        "erased",
        name,
        picture.format,
        (width, height),
        int(np.count_nonzero(selected.mask)),
        0,
        None,
        notes=[*picture.notes, *selected.notes],
        people=[each.to_json() for each in selected.people],
    )
    if options.dry_run:
        report, files = _previewed(report, picture, selected, targets)
    elif not selected.mask.any():
        report, files = _copied(report, picture, data, targets, options)
    else:
        report, files = _erased(report, picture, selected, targets, options, prepared, clock, progress)
    if targets.mask is not None:
        files.append((targets.mask, encode_mask(selected.mask)))
        report = replace(report, saved_mask=str(targets.mask))
    clock.lap("encode")
    write_all(files, options)
    clock.lap("write")
    handed_back = next((content for path, content in files if path is None), None)
    return replace(report, data=handed_back, timings=clock.timings())


def _erased(
    report: FileReport,
    picture: Picture,
    selected: Selected,
    targets: Targets,
    options: EraseOptions,
    prepared: SourceBlocks | None,
    clock: Clock,
    progress: Progress | None,
) -> tuple[FileReport, Files]:
    paths = candidate_paths(targets.result, options.candidates)
    files: Files = []
    shown: list[Image] = []
    for number, path in enumerate(paths):
        result = _erase(picture, selected, options, options.seed + number, progress)
        clock.lap("erase")
        encoded = encode(
            picture, result.image, changed=result.mask, options=options.encode, prepared=None if number else prepared
        )
        files.append((path, encoded.data))
        clock.lap("encode")
        shown += [shrunk(result.image, _SHEET_SIDE)] if targets.sheet else []
        if number == 0:
            report = _with_result(report, result)
            report = replace(report, notes=[*report.notes, *encoded.notes])
    if targets.sheet is not None:
        before, hole = _before(picture, result.mask)
        files.append((targets.sheet, encode_preview(before_after(before, hole, shown), _kind(targets.sheet))))
        report = replace(report, sheet=str(targets.sheet))
    return replace(report, outputs=[str(path) for path in paths if path is not None]), files


def _erase(
    picture: Picture, selected: Selected, options: EraseOptions, seed: int, progress: Progress | None
) -> EraseResult:
    return erase(
        picture.pixels,
        selected.mask,
        engine=options.engine,
        avoid=selected.avoid,
        protect=selected.protect,
        grow=options.grow,
        close_islands=options.close_islands,
        seed=seed,
        device=options.device,
        weights=options.weights,
        threads=options.threads,
        progress=progress,
    )


def _with_result(report: FileReport, result: EraseResult) -> FileReport:
    return replace(
        report,
        engine=result.engine,
        device=result.device,
        seed=result.seed,
        mask_pixels=int(np.count_nonzero(result.mask)),
        mask_box=bounding_box(result.mask),
        windows=[asdict(window) for window in result.windows],
        steps=dict(result.timings),
        notes=[*report.notes, *result.notes],
    )


def _before(picture: Picture, mask: Mask) -> tuple[Image, Mask]:
    small = shrunk(picture.pixels, _SHEET_SIDE)
    return small, shrunk_mask(mask, *small.shape[:2])


def _previewed(report: FileReport, picture: Picture, selected: Selected, targets: Targets) -> tuple[FileReport, Files]:
    shown = overlay(picture.pixels, selected.mask, avoid=selected.avoid)
    path = None if targets.result is None else preview_path(targets.result)
    box = bounding_box(selected.mask)
    outputs = [] if path is None else [str(path)]
    report = replace(report, status="preview", outputs=outputs, mask_pixels=report.selected_pixels, mask_box=box)
    return report, [(path, encode_preview(shown))]


def _copied(
    report: FileReport, picture: Picture, data: bytes, targets: Targets, options: EraseOptions
) -> tuple[FileReport, Files]:
    """The input's own bytes; only where another type or less metadata is asked for are its pixels written anew."""
    path = targets.result
    report = replace(report, status="copied", notes=[*report.notes, NOTHING_SELECTED])
    if options.in_place:
        return report, []
    report = replace(report, outputs=[] if path is None else [str(path)])
    if options.encode.format in (None, picture.format) and not options.encode.strip_gps:
        return report, [(path, data)]
    unchanged = np.zeros(picture.pixels.shape[:2], dtype=np.bool_)
    encoded = encode(picture, picture.pixels, changed=unchanged, options=replace(options.encode, mark_ai=False))
    return replace(report, notes=[*report.notes, *encoded.notes]), [(path, encoded.data)]


def _format(source: Path | bytes, target: Path) -> str | None:
    """The type to write: what the target's ending says, or None for the input's own where the endings agree."""
    if isinstance(source, Path) and source.suffix.lower() == target.suffix.lower():
        return None
    return format_of(target)


def _inputs(source: Path | bytes, selection: Selection) -> list[Path]:
    first = [source] if isinstance(source, Path) else []
    return [*first, *selection.files]


def _kind(path: Path) -> str:
    return preview_type(path, name="--side-by-side")
