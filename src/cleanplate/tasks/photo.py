"""Erase, from file to file: decode, select, erase, encode, write, and say what was done."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from cleanplate.compose.overlay import overlay, shrunk, shrunk_mask
from cleanplate.compose.sheet import before_after
from cleanplate.decode.image import read_picture
from cleanplate.decode.limits import Limits
from cleanplate.decode.source import read_source
from cleanplate.encode.atomic import write_atomic
from cleanplate.encode.image import encode_picture
from cleanplate.encode.options import SUFFIXES, EncodeOptions, format_of
from cleanplate.encode.preview import encode_mask, encode_preview, preview_type
from cleanplate.errors import ArgumentError, OutputError
from cleanplate.mask.bounds import bounding_box
from cleanplate.picture import Picture
from cleanplate.tasks.eraser import EraseResult, erase
from cleanplate.tasks.selection import Selected, Selection, select
from cleanplate.types import Box, Image, Mask

_SHEET_SIDE = 2048

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class EraseOptions:
    """How to erase and write; what to erase is a :class:`~cleanplate.tasks.selection.Selection`.

    Attributes:
        engine, device, weights, seed, grow, close_islands, threads: as in :func:`cleanplate.erase`.
        candidates: alternatives to make, with the seeds ``seed``, ``seed + 1``, ...
        dry_run: write a picture of what is selected instead of erasing it.
        overwrite: replace outputs that exist.
        in_place: replace the input by the result.
        make_folders: make the folders of outputs that do not exist.
        encode: how the result is written; its ``format`` is that of the target's ending, if that is not the input's.
        limits: how large an input may be.
    """

    engine: str = "auto"
    device: str = "auto"
    weights: Path | None = None
    seed: int = 0
    candidates: int = 1
    grow: int | None = None
    close_islands: bool = True
    threads: int | None = None
    dry_run: bool = False
    overwrite: bool = False
    in_place: bool = False
    make_folders: bool = False
    encode: EncodeOptions = field(default_factory=EncodeOptions)
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Targets:
    """Where the outputs of one picture go.

    Attributes:
        result: the clean plate; further candidates are numbered beside it. None hands the bytes back instead.
        sheet: contact sheet, input | holed input | results; None for none.
        mask: the selection as drawn, before it is grown, as a PNG; None for none.
    """

    result: Path | None
    sheet: Path | None = None
    mask: Path | None = None


@dataclass(frozen=True)
class FileReport:
    """What was done with one picture. :meth:`to_json` is the schema that ``--json`` prints.

    Attributes:
        status: ``erased``, ``preview`` (dry run) or ``copied`` (nothing was selected).
        source: the input as it was named.
        format: type of the input, such as ``JPEG``.
        size: width and height of the upright picture.
        selected_pixels: pixels that the selection holds as drawn.
        mask_pixels: pixels that may have changed: closed islands and grown rim included.
        mask_box: left, top, right, bottom around them, end exclusive; None if there are none.
        engine, device, seed: what made the result; empty for a preview or a copy.
        outputs: files written, in the order of candidates (seed after seed).
        sheet, saved_mask: further files written.
        windows: the windows that were filled, largest first.
        steps: seconds of the steps within ``erase`` (those inside windows are sums over threads).
        timings: seconds by step: decode, select, erase, encode, write; ``total`` is the whole call.
        notes: remarks for the user.
        data: bytes of the result where no file was named; not in the JSON.
    """

    status: str
    source: str
    format: str
    size: tuple[int, int]
    selected_pixels: int
    mask_pixels: int
    mask_box: Box | None
    engine: str = ""
    device: str = ""
    seed: int = 0
    outputs: list[str] = field(default_factory=list)
    sheet: str | None = None
    saved_mask: str | None = None
    windows: list[dict[str, Any]] = field(default_factory=list)
    steps: dict[str, float] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    data: bytes | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, texts, lists and dicts; seconds are rounded to milliseconds."""
        record = asdict(replace(self, data=None))
        del record["data"]
        return dict(_plain(record))


def erase_file(
    source: Path | bytes,
    targets: Targets,
    selection: Selection,
    options: EraseOptions = EraseOptions(),
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
    clock = _Clock()
    check_outputs(planned_outputs(targets, options), _inputs(source, selection), options)
    options = replace(options, encode=replace(options.encode, format=_format(source, targets.result)))
    data, name = read_source(source, name=name, limits=options.limits)
    picture = read_picture(data, name=name, limits=options.limits)
    clock.lap("decode")
    selected = select(picture, selection, limits=options.limits)
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
    )
    if options.dry_run:
        report, files = _previewed(report, picture, selected, targets)
    elif not selected.mask.any():
        report, files = _copied(report, picture, data, targets, options)
    else:
        report, files = _erased(report, picture, selected, targets, options, clock, progress)
    if targets.mask is not None:
        files.append((targets.mask, encode_mask(selected.mask)))
        report = replace(report, saved_mask=str(targets.mask))
    clock.lap("encode")
    _write_all(files, options)
    clock.lap("write")
    handed_back = next((content for path, content in files if path is None), None)
    return replace(report, data=handed_back, timings=clock.timings())


NOTHING_SELECTED = "nothing is selected, so the input was copied as it is"

_Files = list[tuple[Path | None, bytes]]
"""Contents and where they go; None hands them back."""


def _erased(
    report: FileReport,
    picture: Picture,
    selected: Selected,
    targets: Targets,
    options: EraseOptions,
    clock: _Clock,
    progress: Progress | None,
) -> tuple[FileReport, _Files]:
    paths = candidate_paths(targets.result, options.candidates)
    files: _Files = []
    shown: list[Image] = []
    for number, path in enumerate(paths):
        result = _erase(picture, selected, options, options.seed + number, progress)
        clock.lap("erase")
        files.append((path, encode_picture(picture, result.image, changed=result.mask, options=options.encode)))
        clock.lap("encode")
        shown += [shrunk(result.image, _SHEET_SIDE)] if targets.sheet else []
        if number == 0:
            report = _with_result(report, result)
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


def _previewed(report: FileReport, picture: Picture, selected: Selected, targets: Targets) -> tuple[FileReport, _Files]:
    shown = overlay(picture.pixels, selected.mask, avoid=selected.avoid)
    path = None if targets.result is None else preview_path(targets.result)
    box = bounding_box(selected.mask)
    outputs = [] if path is None else [str(path)]
    report = replace(report, status="preview", outputs=outputs, mask_pixels=report.selected_pixels, mask_box=box)
    return report, [(path, encode_preview(shown))]


def _copied(
    report: FileReport, picture: Picture, data: bytes, targets: Targets, options: EraseOptions
) -> tuple[FileReport, _Files]:
    """The input's own bytes; only where another type or less metadata is asked for are its pixels written anew."""
    path = targets.result
    report = replace(report, status="copied", notes=[*report.notes, NOTHING_SELECTED])
    if options.in_place:
        return report, []
    report = replace(report, outputs=[] if path is None else [str(path)])
    if options.encode.format in (None, picture.format) and not options.encode.strip_gps:
        return report, [(path, data)]
    unchanged = np.zeros(picture.pixels.shape[:2], dtype=np.bool_)
    encode = replace(options.encode, mark_ai=False)
    return report, [(path, encode_picture(picture, picture.pixels, changed=unchanged, options=encode))]


def planned_outputs(targets: Targets, options: EraseOptions) -> list[Path]:
    """Every file that :func:`erase_file` would write.

    Raises:
        ArgumentError: targets and options contradict each other.
    """
    if options.candidates < 1:
        raise ArgumentError("must be 1 or more", subject="--candidates")
    if options.candidates > 1 and (targets.result is None or options.in_place):
        raise ArgumentError("needs names for several results", subject="--candidates", fix="name a file with -o")
    if options.dry_run:
        paths = [] if targets.result is None else [preview_path(targets.result)]
    else:
        paths = [path for path in candidate_paths(targets.result, options.candidates) if path is not None]
        if targets.sheet is not None:
            preview_type(targets.sheet, name="--side-by-side")
            paths.append(targets.sheet)
    if targets.mask is not None:
        if targets.mask.suffix.lower() != ".png":
            raise ArgumentError(f"cannot be {targets.mask.name}", subject="--save-mask", fix="end it in .png")
        paths.append(targets.mask)
    return paths


def natural_name(path: Path) -> Path:
    """The name of a result that keeps the input's type; RAW files, which nobody can write, become TIFF."""
    return path if path.suffix.lower() in SUFFIXES else path.with_suffix(".tif")


def _format(source: Path | bytes, target: Path | None) -> str | None:
    """The type to write: what the target's ending says, or None for the input's own where the endings agree."""
    if target is None or (isinstance(source, Path) and source.suffix.lower() == target.suffix.lower()):
        return None
    return format_of(target)


def candidate_paths(target: Path | None, count: int) -> list[Path | None]:
    """``clean.jpg``, ``clean-2.jpg``, ``clean-3.jpg``, ... for ``count`` alternatives."""
    if target is None:
        return [None]
    return [target, *(target.with_name(f"{target.stem}-{number}{target.suffix}") for number in range(2, count + 1))]


def preview_path(target: Path) -> Path:
    """Where a dry run shows what would be erased on the way to ``target``: ``clean.overlay.jpg`` for ``clean.png``."""
    return target.with_name(f"{target.stem}.overlay.jpg")


def check_outputs(outputs: Sequence[Path], inputs: Sequence[Path], options: EraseOptions) -> None:
    """Refuse, before any work is done, what must not be written.

    Raises:
        OutputError: two outputs are one file, an output is an input (unless ``in_place``), or it exists (unless
            ``overwrite`` or ``in_place``).
    """
    taken = {_identity(path) for path in inputs}
    if options.in_place and inputs:
        taken.discard(_identity(inputs[0]))
    seen: set[str] = set()
    for path in outputs:
        identity = _identity(path)
        if identity in seen:
            raise OutputError("is the place of two outputs", subject=path, fix="give them different names")
        seen.add(identity)
        if identity in taken:
            fix = "write elsewhere with -o, or replace the input with --in-place"
            raise OutputError("is an input, and inputs are never overwritten", subject=path, fix=fix)
        if not options.overwrite and not options.in_place and path.exists():
            raise OutputError("exists already", subject=path, fix="write elsewhere with -o, or add --overwrite")


def _identity(path: Path) -> str:
    """One text for all spellings of a path, also through links and on file systems that ignore case."""
    return os.path.normcase(os.path.realpath(path))


def _inputs(source: Path | bytes, selection: Selection) -> list[Path]:
    first = [source] if isinstance(source, Path) else []
    return [*first, *selection.files]


def _kind(path: Path) -> str:
    return preview_type(path, name="--side-by-side")


def _write_all(files: _Files, options: EraseOptions) -> None:
    """Write every file, or, where one fails, none that was not there before."""
    new: list[Path] = []
    try:
        for path, content in files:
            if path is not None:
                existed = path.exists()
                if options.make_folders:
                    _make_folder(path.parent)
                write_atomic(path, content, overwrite=options.overwrite or options.in_place)
                new += [] if existed else [path]
    except BaseException:
        for path in new:
            path.unlink(missing_ok=True)
        raise


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot be made ({error.strerror})", subject=folder) from None


class _Clock:
    """Seconds by step."""

    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()
        self._seconds: dict[str, float] = {}

    def lap(self, step: str) -> None:
        """Add the time since the last lap to ``step``."""
        now = time.perf_counter()
        self._seconds[step] = self._seconds.get(step, 0.0) + now - self._last
        self._last = now

    def timings(self) -> dict[str, float]:
        """Seconds by step so far, and ``total``."""
        return {**self._seconds, "total": time.perf_counter() - self._started}


def _plain(value: Any) -> Any:
    """``value`` as JSON knows it."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float | np.floating):
        return round(float(value), 3)
    if isinstance(value, np.integer):
        return int(value)
    return value
