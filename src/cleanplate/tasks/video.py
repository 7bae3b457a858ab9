"""A video, from file to file: another background behind the person, or an alpha channel instead of one.

Three threads work side by side: one decodes, one runs the network, one composes and encodes. Queues between them hold
a few frames, so memory does not grow with the length of the clip.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from cleanplate.clip import ClipFacts, Frame, SoundPiece
from cleanplate.compose.video_background import beside, chequered, cut_out, over, sides
from cleanplate.decode.video import ClipReader, Piece
from cleanplate.encode.frame_folder import FrameFolder, frame_folder
from cleanplate.encode.video import ClipWriter, clip_writer
from cleanplate.encode.video import VideoOptions as EncodeOptions
from cleanplate.encode.video_codecs import ALPHA_FILES
from cleanplate.errors import ArgumentError
from cleanplate.matting.delay import smooth
from cleanplate.matting.follow import enlarge
from cleanplate.matting.video import VideoState, advance, begin, network_size
from cleanplate.planes import Plane
from cleanplate.tasks.ahead import ahead
from cleanplate.tasks.backdrop import Backdrop, Wanted, open_backdrop, parse_backdrop
from cleanplate.tasks.outputs import check_outputs
from cleanplate.tasks.video_options import NETWORK_SIZES, VideoOptions, VideoReport
from cleanplate.types import Alpha

Progress = Callable[[int, int | None], None]
"""Called with the frames done and about how many there are, if that is known."""

_DEPTH = 4
"""Frames between two threads."""

_SOMEBODY = 0.5
"""A frame whose alpha is nowhere higher shows nobody."""

NOBODY = "no person was found in any frame"

_DEFAULTS = VideoOptions()


def replace_background(
    source: Path, target: Path, options: VideoOptions = _DEFAULTS, *, progress: Progress | None = None
) -> VideoReport:
    """Work on one clip; all outputs appear, or none.

    Args:
        source: the clip.
        target: the video to write; its ending chooses the file type. With ``alpha="png"`` a folder.
        options: what to do, and how.
        progress: told after each frame.

    Raises:
        ArgumentError: options contradict each other.
        InputError: the clip or the background cannot be read.
        OutputError: an output exists, is an input, or cannot be written.
        EngineError: the network cannot be had, or failed.
    """
    started = time.perf_counter()
    wanted = _check(source, target, options)
    state = begin(
        options.weights,
        device=options.device,
        threads=options.threads,
        size=options.size or NETWORK_SIZES[options.preset],
    )
    work = _Work(state)
    with ExitStack() as stack:
        reader = stack.enter_context(
            ClipReader(source, start=options.start, end=options.end, limits=options.limits, container=options.container)
        )
        facts = reader.facts if options.sound else replace(reader.facts, sound=())
        sheet = None
        if options.side_by_side is not None:
            sheet = stack.enter_context(_sheet(options.side_by_side, facts, options))
        sink = stack.enter_context(_sink(target, facts, options))
        backdrop = (
            None
            if wanted is None
            else stack.enter_context(
                open_backdrop(wanted, facts, sink.format, fit=options.fit, limits=options.picture_limits)
            )
        )
        painter = _Painter(facts, sink, backdrop, sheet, options, work)
        small = network_size(facts.height, facts.width, state.size)
        pieces = stack.enter_context(
            ahead(work.timed("decode", reader.pieces(sink.format, small=small)), depth=_DEPTH, name="decode")
        )
        mattes = stack.enter_context(
            ahead(matted(pieces, state, delayed=options.smooth, work=work), depth=_DEPTH, name="network")
        )
        for piece in mattes:
            if isinstance(piece, SoundPiece):
                sink.sound(piece)
                continue
            painter.paint(piece)
            if progress is not None:
                progress(work.frames, facts.frames)
    return _report(source, target, options, started, reader, sink, work, small)


@dataclass
class _Work:
    """Counts and times of one clip."""

    state: VideoState
    frames: int = 0
    cuts: int = 0
    empty: int = 0
    until: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, stage: str, since: float) -> None:
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - since

    def timed(self, stage: str, items: Iterable[Piece]) -> Iterator[Piece]:
        """The items, with the time that making them takes."""
        iterator = iter(items)
        while True:
            since = time.perf_counter()
            try:
                item = next(iterator)
            except StopIteration:
                return
            finally:
                self.add(stage, since)
            yield item


@dataclass(frozen=True)
class Matted:
    """A frame and its alpha at the size of the network."""

    frame: Frame
    alpha: Alpha
    cut: bool = False


def matted(
    pieces: Iterable[Piece], state: VideoState, *, delayed: bool, work: _Work | None = None
) -> Iterator[Matted | SoundPiece]:
    """Give each frame its alpha; sound passes through.

    Args:
        pieces: frames with their small pictures, and sound.
        state: before the first frame.
        delayed: smooth with one frame of delay; never across a cut.
        work: where times and cuts are counted.
    """
    held: list[Matted] = []
    for piece in pieces:
        if isinstance(piece, SoundPiece):
            yield piece
            continue
        assert piece.small is not None
        since = time.perf_counter()
        alpha, state = advance(piece.small, state)
        if work is not None:
            work.add("network", since)
            work.cuts += state.cut
        now = Matted(piece, alpha, state.cut)
        if not delayed:
            yield now
            continue
        held.append(now)
        if len(held) == 2:
            yield held[0]
        elif len(held) == 3:
            yield _smoothed(*held)
            held.pop(0)
    if len(held) == 2:
        yield held[1]
    elif len(held) == 1:
        yield held[0]


def _smoothed(before: Matted, now: Matted, after: Matted) -> Matted:
    if now.cut or after.cut:
        return now
    return replace(now, alpha=smooth(before.alpha, now.alpha, after.alpha))


class _Painter:
    """Composes frames and hands them to the encoder."""

    def __init__(
        self,
        facts: ClipFacts,
        sink: ClipWriter | FrameFolder,
        backdrop: Backdrop | None,
        sheet: ClipWriter | None,
        options: VideoOptions,
        work: _Work,
    ) -> None:
        self._facts, self._sink, self._backdrop, self._sheet = facts, sink, backdrop, sheet
        self._options, self._work = options, work
        height, width = facts.height, facts.width
        self._squares = None
        if backdrop is None and sheet is not None:
            self._squares = chequered(height, width, sink.format, facts.colours)

    def paint(self, matte: Matted) -> None:
        """Compose and encode one frame."""
        since = time.perf_counter()
        frame, options, work = matte.frame, self._options, self._work
        seconds = float(frame.at * self._facts.tick)
        alpha = enlarge(matte.alpha, frame.planes[0], follow=options.preset != "fast")
        work.empty += float(matte.alpha.max()) < _SOMEBODY
        canvas = self._sink.canvas()
        if self._backdrop is None:
            edge = sides(frame.planes, alpha)
            cut_out(frame.planes, alpha, canvas.planes, clean=edge, format=self._sink.format)
        else:
            behind = self._backdrop.behind(frame, alpha, seconds)
            edge_or_none = sides(frame.planes, alpha) if options.clean else None
            over(frame.planes, alpha, behind, canvas.planes, clean=edge_or_none)
        work.add("compose", since)
        since = time.perf_counter()
        if self._sheet is not None:
            self._show(frame, alpha, canvas.planes)
        self._sink.write(canvas, frame.at, frame.duration)
        work.add("encode", since)
        work.frames += 1
        work.until = seconds + float(frame.duration * self._facts.tick)

    def _show(self, frame: Frame, alpha: Any, result: tuple[Any, ...]) -> None:
        """Input and result beside each other; a cut-out is shown on squares."""
        assert self._sheet is not None
        if self._squares is not None:
            shown = tuple(np.empty_like(plane) for plane in frame.planes)
            over(result, alpha, self._squares, shown, clean=None)
            result = shown
        canvas = self._sheet.canvas()
        beside(_as(frame.planes, self._sheet), _as(result, self._sheet), canvas.planes)
        self._sheet.write(canvas, frame.at, frame.duration)


def _as(planes: tuple[Plane, ...] | tuple[Any, ...], sheet: ClipWriter) -> tuple[Any, ...]:
    """Planes with the bits of the side-by-side video, which is 4:2:0."""
    import cv2

    from cleanplate.planes import PlaneFormat

    bits = 10 if planes[0].dtype == np.uint16 else 8
    height, width = planes[0].shape
    shapes = PlaneFormat("420").shapes(height, width)
    fitting = []
    for plane, shape in zip(planes[:3], shapes, strict=True):
        part = plane if plane.shape == shape else cv2.resize(plane, shape[::-1], interpolation=cv2.INTER_AREA)
        if bits > sheet.format.bits:
            part = np.minimum((part.astype(np.uint16) + 2) >> 2, 255).astype(np.uint8)
        elif bits < sheet.format.bits:
            part = part.astype(np.uint16) << 2
        fitting.append(part)
    return tuple(fitting)


def _check(source: Path, target: Path, options: VideoOptions) -> Wanted | None:
    """What stands behind the person; None for an alpha channel. Refuses what contradicts itself."""
    if (options.background is None) == (options.alpha is None):
        raise ArgumentError(
            "what is to stand behind the person is not said"
            if options.background is None
            else "a background and an alpha channel exclude each other",
            fix="give either --with (a picture, clip, colour or blur) or --alpha (prores, vp9 or png)",
        )
    if options.alpha in ALPHA_FILES and target.suffix.lower() != ALPHA_FILES[options.alpha]:
        ending = ALPHA_FILES[options.alpha]
        raise ArgumentError(f"is no {ending} file, which --alpha {options.alpha} makes", subject=target)
    wanted = None if options.background is None else parse_backdrop(options.background)
    outputs = [path for path in (target, options.side_by_side) if path is not None]
    inputs = [source, *([wanted] if isinstance(wanted, Path) else [])]
    folder = options.alpha == "png" and target.is_dir()
    check_outputs(outputs[1:] if folder else outputs, inputs, options)
    return wanted


def _sink(target: Path, facts: ClipFacts, options: VideoOptions) -> AbstractContextManager[ClipWriter | FrameFolder]:
    if options.alpha == "png":
        return frame_folder(target, facts, overwrite=options.overwrite)
    return clip_writer(
        target,
        facts,
        EncodeOptions(
            codec=options.alpha or options.codec,
            crf=options.crf,
            speed=options.preset,
            alpha=options.alpha is not None,
            sound=options.sound,
            overwrite=options.overwrite,
        ),
    )


def _sheet(path: Path, facts: ClipFacts, options: VideoOptions) -> AbstractContextManager[ClipWriter]:
    wide = replace(facts, width=2 * facts.width, sound=(), source_bits=8)
    return clip_writer(path, wide, EncodeOptions(speed="fast", sound=False, overwrite=options.overwrite))


def _report(
    source: Path,
    target: Path,
    options: VideoOptions,
    started: float,
    reader: ClipReader,
    sink: ClipWriter | FrameFolder,
    work: _Work,
    small: tuple[int, int],
) -> VideoReport:
    facts, network = reader.facts, work.state.network
    notes = [*network.notes, *reader.notes, *sink.notes]
    if work.frames and work.empty == work.frames:
        notes.append(NOBODY)
    elif work.empty:
        notes.append(f"nobody was found in {work.empty} of {work.frames} frames")
    if facts.colours.is_hdr and options.background is not None:
        notes.append("the clip is HDR; a background that is not is shown as it is, which may look too bright")
    total = time.perf_counter() - started
    timings = {stage: 1000 * seconds / max(1, work.frames) for stage, seconds in work.seconds.items()}
    outputs = [str(path) for path in (target, options.side_by_side) if path is not None]
    return VideoReport(
        source=str(source),
        outputs=outputs,
        size=(facts.width, facts.height),
        frames=work.frames,
        seconds=work.until,
        network=network.name,
        device=network.device,
        network_size=small,
        takes_previous=network.takes_previous,
        codec=sink.codec.name if isinstance(sink, ClipWriter) else "png",
        sound=_sound(facts, options, sink),
        cuts=work.cuts,
        empty=work.empty,
        timings={**timings, "total": total},
        notes=notes,
    )


def _sound(facts: ClipFacts, options: VideoOptions, sink: ClipWriter | FrameFolder) -> str:
    if not facts.sound:
        return "none"
    if not options.sound or isinstance(sink, FrameFolder):
        return "left out"
    return "encoded again" if any("sound was encoded" in note for note in sink.notes) else "copied"
