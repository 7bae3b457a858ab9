"""Clips one after the other: their outputs' names, a progress bar, and what is said of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import typer

from cleanplate.encode.video_codecs import ALPHA_FILES, CONTAINERS
from cleanplate.errors import ArgumentError, CleanplateError, InputError, OutputError, PartialFailureError
from cleanplate.tasks.video import replace_background
from cleanplate.tasks.video_options import VideoOptions, VideoReport

Word = TypeVar("Word", bound=str)

_CLIPS = {*CONTAINERS, ".avi", ".mts", ".m2ts", ".ts", ".mpg", ".mpeg", ".wmv", ".3gp", ".gif"}
"""Endings by which videos in a folder are told from other files."""


@dataclass(frozen=True)
class VideoWishes:
    """The arguments and options of one call.

    Attributes:
        sources: clips.
        output: a file, a folder, or None for a name beside each clip.
        json: print reports instead of lines.
        options: what to do with each.
    """

    sources: tuple[Path, ...]
    output: Path | None
    json: bool
    options: VideoOptions


def choice(given: str | None, words: tuple[Word, ...], name: str) -> Word | None:
    """``given`` as one of ``words``; None stays None.

    Raises:
        ArgumentError: it is none of them.
    """
    if given is None:
        return None
    for word in words:
        if given == word:
            return word
    raise ArgumentError(f"unknown word '{given}'", subject=name, fix=f"choose one of: {', '.join(words)}")


def run(wishes: VideoWishes) -> None:
    """Work on all clips and say so.

    Raises:
        CleanplateError: what went wrong with a single clip.
        PartialFailureError: some of several clips failed; the others are done.
    """
    wishes = replace(wishes, sources=tuple(clips_of(wishes.sources)))
    pairs = [(source, target_of(source, wishes)) for source in wishes.sources]
    _check(pairs)
    if len(pairs) == 1:
        _tell([_one(*pairs[0], wishes)], wishes)
        return
    reports: list[VideoReport] = []
    failures = 0
    for source, target in pairs:
        try:
            reports.append(_one(source, target, wishes))
        except CleanplateError as error:
            failures += 1
            typer.echo(f"failed: {error}", err=True)
    _tell(reports, wishes)
    if failures:
        raise PartialFailureError(f"{failures} of {len(pairs)} failed")


def clips_of(sources: tuple[Path, ...]) -> Iterator[Path]:
    """The clips that are named, and those in folders that are named.

    Raises:
        InputError: a folder holds no video.
    """
    for source in sources:
        if not source.is_dir():
            yield source
            continue
        found = sorted(path for path in source.iterdir() if path.suffix.lower() in _CLIPS and path.is_file())
        if not found:
            raise InputError("holds no video", subject=source, fix="check the path; sub-folders are not looked into")
        yield from found


def target_of(source: Path, wishes: VideoWishes) -> Path:
    """Where the result of a clip goes."""
    output, alpha = wishes.output, wishes.options.alpha
    several = len(wishes.sources) > 1
    if alpha == "png":
        if output is None:
            return source.with_name(f"{source.stem}-frames")
        return output / source.stem if several else output
    ending = source.suffix if source.suffix.lower() in CONTAINERS else ".mp4"
    if alpha is not None:
        ending = ALPHA_FILES[alpha]
    if output is None:
        return source.with_name(f"{source.stem}-{'cutout' if alpha else 'background'}{ending}")
    if several or output.is_dir():
        return output / f"{source.stem}{ending}"
    return output


def sentence(report: VideoReport) -> str:
    """One line about one clip."""
    rate = report.frames / max(1e-9, report.timings["total"])
    sound = "" if report.sound == "none" else f", sound {report.sound}"
    return (
        f"{report.source} -> {' + '.join(report.outputs)}: {report.frames} frames ({report.seconds:.1f} s) in "
        f"{report.timings['total']:.1f} s, {rate:.1f} frames/s ({report.network} on {report.device}, "
        f"{report.codec}{sound})"
    )


def _check(pairs: list[tuple[Path, Path]]) -> None:
    seen: set[Path] = set()
    for _, target in pairs:
        if target in seen:
            raise OutputError("is the place of two outputs", subject=target, fix="rename one of the clips")
        seen.add(target)
    if len(pairs) > 1:
        folder = pairs[0][1].parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot be made ({error.strerror})", subject=folder) from None


def _one(source: Path, target: Path, wishes: VideoWishes) -> VideoReport:
    options = wishes.options
    sheet = options.side_by_side
    if sheet is not None and (len(wishes.sources) > 1 or sheet.is_dir()):
        options = replace(options, side_by_side=sheet / f"{source.stem}-side-by-side.mp4")
    with _progress(source.name, quiet=wishes.json) as tell:
        return replace_background(source, target, options, progress=tell)


def _tell(reports: list[VideoReport], wishes: VideoWishes) -> None:
    if wishes.json:
        records = [report.to_json() for report in reports]
        one = len(wishes.sources) == 1
        typer.echo(json.dumps(records[0] if one else {"files": records}, indent=2, ensure_ascii=False))
        return
    for report in reports:
        typer.echo(sentence(report))
        for note in report.notes:
            typer.echo(f"  note: {note}")


@contextmanager
def _progress(name: str, *, quiet: bool) -> Iterator[Callable[[int, int | None], None] | None]:
    """A bar with frames a second and the time left, where there is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("left"),
        TimeRemainingColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None, rate="")

        def tell(done: int, total: int | None) -> None:
            elapsed = bar.tasks[0].elapsed or 0.0
            rate = f"{done / elapsed:.1f} frames/s" if elapsed > 1 else ""
            bar.update(task, completed=done, total=None if total is None else max(done, total), rate=rate)

        yield tell
