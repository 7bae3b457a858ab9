"""Live: the newest picture of a camera, another background behind the person, on to whoever shows it.

Pictures that arrive while one is worked on are dropped, so what is shown is never old.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.clip import ClipFacts, Frame
from cleanplate.compose.video_background import over, sides
from cleanplate.decode.camera import LIVE, camera_pictures, framed, live_planes
from cleanplate.matting.follow import enlarge
from cleanplate.matting.video import VideoState, advance, begin, network_size
from cleanplate.planes import FULL_RANGE, ColourTags, Plane
from cleanplate.tasks.backdrop import Backdrop, open_backdrop, parse_backdrop

Planes = tuple[Plane, Plane, Plane]
_COLOURS = ColourTags(1, 13, 6, FULL_RANGE)
_RECENT = 30


@dataclass(frozen=True)
class CameraOptions:
    """How a camera is worked on.

    Attributes:
        device: number or path of a camera, or a video file that stands in for it.
        background: see :func:`cleanplate.tasks.backdrop.parse_backdrop`.
        mirror: left and right as in a mirror.
        square: only the middle square.
        stats: write times into the picture.
        size: square root of the number of pixels that the network gets.
        width: that is asked of the camera.
        height: likewise.
        weights: network, a file or a name; None for the one that ships.
        network_device: that the network runs on.
        threads: of the processor for the network; None for all usable cores.
        every: work on every picture of a file, none dropped and none waited for.
    """

    device: str = "0"
    background: str = "blur"
    mirror: bool = False
    square: bool = False
    stats: bool = False
    size: int = 256
    width: int | None = None
    height: int | None = None
    weights: str | Path | None = None
    network_device: str = "auto"
    threads: int | None = None
    every: bool = False


@dataclass(frozen=True)
class Shown:
    """One finished picture.

    Attributes:
        planes: 4:2:0, full-range BT.601, even sides.
        network_ms: that the network took.
        total_ms: from the camera's hand-over to the finished picture.
    """

    planes: Planes
    network_ms: float
    total_ms: float


@dataclass
class LiveReport:
    """What was shown.

    Attributes:
        network: name of the weights.
        device: that they ran on.
        frames: pictures shown.
        dropped: pictures that came while another one was worked on.
        size: width and height of the pictures.
        network_ms: median over all pictures.
        total_ms: likewise.
        seconds: from the first picture to the last.
        notes: remarks for the user.
    """

    network: str
    device: str
    frames: int = 0
    dropped: int = 0
    size: tuple[int, int] = (0, 0)
    network_ms: float = 0.0
    total_ms: float = 0.0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)


def live(options: CameraOptions, show: Callable[[Shown], None], *, report: LiveReport | None = None) -> LiveReport:
    """Work on a camera's pictures until they end; Ctrl-C passes through as ``KeyboardInterrupt``.

    Args:
        options: what to do.
        show: called with each finished picture.
        report: filled while working, so that it can be read after an interruption; a new one by default.

    Raises:
        MissingInputError: no such camera, file or background.
        EngineError: the network cannot be had, or failed.
    """
    wanted = parse_backdrop(options.background)
    state = begin(options.weights, device=options.network_device, threads=options.threads, size=options.size)
    report = report if report is not None else LiveReport("", "")
    report.network, report.device = state.network.name, state.network.device
    report.notes += state.network.notes
    pictures = camera_pictures(options.device, width=options.width, height=options.height, paced=not options.every)
    times: deque[tuple[float, float]] = deque(maxlen=5000)
    with _newest(pictures, report, every=options.every) as arriving:
        first = next(arriving, None)
        if first is None:
            report.notes.append("no picture came")
            return report
        facts = _facts(framed(first[1], square=options.square, mirror=options.mirror))
        report.size = (facts.width, facts.height)
        began = time.perf_counter()
        with open_backdrop(wanted, facts, LIVE) as backdrop:
            maker = _Maker(facts, backdrop, state, options)
            for arrived, picture in _chained(first, arriving):
                shown = maker.make(picture, arrived)
                show(shown)
                times.append((shown.network_ms, shown.total_ms))
                report.frames += 1
                report.seconds = time.perf_counter() - began
                if report.frames % _RECENT == 1:
                    _take_medians(report, times)
        _take_medians(report, times)
    return report


def rgb_picture(planes: Planes) -> NDArray[np.uint8]:
    """The planes of a finished picture as H x W x 3 uint8 RGB."""
    size = (planes[0].shape[1], planes[0].shape[0])
    blue, red = (cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) for plane in planes[1:])
    return np.asarray(cv2.cvtColor(cv2.merge([planes[0], red, blue]), cv2.COLOR_YCrCb2RGB), np.uint8)


class _Maker:
    """From a camera's picture to a finished one; remembers the alpha before and recent times."""

    def __init__(self, facts: ClipFacts, backdrop: Backdrop, state: VideoState, options: CameraOptions) -> None:
        self._facts, self._backdrop, self._state, self._options = facts, backdrop, state, options
        self._small = network_size(facts.height, facts.width, state.size)
        self._started = time.perf_counter()
        self._finished: deque[float] = deque(maxlen=_RECENT)
        self._texts = ""

    def make(self, picture: NDArray[np.uint8], arrived: float) -> Shown:
        picture = framed(picture, square=self._options.square, mirror=self._options.mirror)
        height, width = self._small
        small = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        began = time.perf_counter()
        matte, self._state = advance(small, self._state)
        network_ms = 1000 * (time.perf_counter() - began)
        planes = live_planes(picture)
        alpha = enlarge(matte, planes[0])
        seconds = time.perf_counter() - self._started
        behind = self._backdrop.behind(Frame(planes, 0, 0), alpha, seconds)
        out = tuple(np.empty_like(plane) for plane in planes)
        over(planes, alpha, behind, out, clean=sides(planes, alpha))
        now = time.perf_counter()
        total_ms = 1000 * (now - arrived)
        self._finished.append(now)
        if self._options.stats:
            self._write(out, network_ms, total_ms)
        return Shown((out[0], out[1], out[2]), network_ms, total_ms)

    def _write(
        self, planes: tuple[NDArray[np.uint8] | NDArray[np.uint16], ...], network_ms: float, total_ms: float
    ) -> None:
        if len(self._finished) % 5 == 1 or not self._texts:
            span = self._finished[-1] - self._finished[0]
            rate = (len(self._finished) - 1) / span if span > 0 else 0.0
            self._texts = f"network {network_ms:.0f} ms  total {total_ms:.0f} ms  {rate:.0f} frames/s"
        scale = planes[0].shape[0] / 720 + 0.3
        where = (round(16 * scale), round(32 * scale))
        luma = np.asarray(planes[0], np.uint8)
        for level, width in ((0, 4), (255, 1)):
            thickness = max(1, round(width * scale))
            cv2.putText(luma, self._texts, where, cv2.FONT_HERSHEY_SIMPLEX, 0.8 * scale, level, thickness, cv2.LINE_AA)
        planes[0][...] = luma


def _take_medians(report: LiveReport, times: deque[tuple[float, float]]) -> None:
    network_ms, total_ms = np.median(np.array(times), axis=0)
    report.network_ms, report.total_ms = float(network_ms), float(total_ms)


def _facts(picture: NDArray[np.uint8]) -> ClipFacts:
    height, width = picture.shape[:2]
    return ClipFacts("camera", height, width, LIVE, 8, Fraction(1, 1000), None, None, _COLOURS)


def _chained(
    first: tuple[float, NDArray[np.uint8]], rest: Iterable[tuple[float, NDArray[np.uint8]]]
) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    yield first
    yield from rest


@contextmanager
def _newest(
    pictures: Iterator[NDArray[np.uint8]], report: LiveReport, *, every: bool
) -> Iterator[Iterator[tuple[float, NDArray[np.uint8]]]]:
    """The newest picture each time one is asked for, with the time it arrived; older ones are dropped."""
    if every:
        yield ((time.perf_counter(), picture) for picture in pictures)
        return
    slot = _Slot()
    thread = threading.Thread(target=slot.fill, args=(pictures, report), name="camera", daemon=True)
    thread.start()
    try:
        yield slot.take()
    finally:
        slot.stop = True
        thread.join(timeout=2)


class _Slot:
    """Room for one picture between two threads."""

    def __init__(self) -> None:
        self.stop = False
        self._ready = threading.Condition()
        self._picture: tuple[float, NDArray[np.uint8]] | None = None
        self._ended = False
        self._error: BaseException | None = None

    def fill(self, pictures: Iterator[NDArray[np.uint8]], report: LiveReport) -> None:
        try:
            for picture in pictures:
                with self._ready:
                    report.dropped += self._picture is not None
                    self._picture = (time.perf_counter(), picture)
                    self._ready.notify()
                if self.stop:
                    break
        except BaseException as error:  # raised where the pictures are taken
            self._error = error
        finally:
            close = getattr(pictures, "close", None)
            if close is not None:  # frees the camera
                close()
            with self._ready:
                self._ended = True
                self._ready.notify()

    def take(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._picture is not None or self._ended)
                found, self._picture = self._picture, None
            if found is None:
                if self._error is not None:
                    raise self._error
                return
            yield found
