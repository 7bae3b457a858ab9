"""Live pictures: from a camera through OpenCV, or from a clip that stands in for one, at its own pace."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.clip import Frame
from cleanplate.decode.video import ClipReader
from cleanplate.errors import MissingInputError
from cleanplate.planes import Plane, PlaneFormat

LIVE = PlaneFormat("420", 8)
"""Live frames are full-range BT.601, as JPEG has it: what the page shows needs no conversion."""


def camera_pictures(
    device: str, *, width: int | None = None, height: int | None = None, paced: bool = True
) -> Iterator[NDArray[np.uint8]]:
    """Pictures of a camera until it is taken away, or of a clip until it ends.

    Args:
        device: number of the camera (0 is the first), its path (``/dev/video0``), or a video file.
        width: that is asked of the camera; it may give another.
        height: likewise.
        paced: show a clip at its own pace; False gives every picture at once.

    Yields:
        H x W x 3 uint8 RGB, with even sides.

    Raises:
        MissingInputError: there is no such camera or file.
    """
    path = Path(device)
    if not device.isdecimal() and path.is_file():
        yield from _from_clip(path, paced=paced)
        return
    with closing(_Capture(device, width, height)) as capture:
        while (picture := capture.read()) is not None:
            yield picture


def live_planes(picture: NDArray[np.uint8]) -> tuple[Plane, Plane, Plane]:
    """A picture (H x W x 3 uint8 RGB, even sides, not changed) in the planes of :data:`LIVE`."""
    luma, red, blue = cv2.split(cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb))
    size = (picture.shape[1] // 2, picture.shape[0] // 2)
    first, second, third = (
        np.asarray(each, np.uint8)
        for each in (
            luma,
            cv2.resize(blue, size, interpolation=cv2.INTER_AREA),
            cv2.resize(red, size, interpolation=cv2.INTER_AREA),
        )
    )
    return first, second, third


def framed(picture: NDArray[np.uint8], *, square: bool, mirror: bool) -> NDArray[np.uint8]:
    """The picture as it is to be shown: its middle square, or mirrored as people know themselves; sides even."""
    height, width = (side - side % 2 for side in picture.shape[:2])
    if square:
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        picture, height, width = picture[top:, left:], side, side
    picture = picture[:height, :width]
    return np.ascontiguousarray(picture[:, ::-1] if mirror else picture)


class _Capture:
    """A camera of the system."""

    def __init__(self, device: str, width: int | None, height: int | None) -> None:
        self._name = device
        where: int | str = int(device) if device.isdecimal() else device
        with _silent():
            self._inner: Any = cv2.VideoCapture(where)
        if not self._inner.isOpened():
            raise MissingInputError(
                "there is no such camera, or another program uses it",
                subject=f"--device {device}",
                fix="try another number (0, 1, ...), or name a video file",
            )
        self._inner.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        for option, value in ((cv2.CAP_PROP_FRAME_WIDTH, width), (cv2.CAP_PROP_FRAME_HEIGHT, height)):
            if value is not None:
                self._inner.set(option, value)

    def read(self) -> NDArray[np.uint8] | None:
        good, picture = self._inner.read()
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8) if good else None

    def close(self) -> None:
        self._inner.release()


@contextmanager
def _silent() -> Iterator[None]:
    """OpenCV writes about cameras that are not there to standard error; the error that is raised says it better."""
    logging = cv2.utils.logging
    before = logging.getLogLevel()
    logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(before)


def _from_clip(path: Path, *, paced: bool) -> Iterator[NDArray[np.uint8]]:
    with ClipReader(path) as reader:
        facts = reader.facts
        started = time.perf_counter()
        for piece in reader.pieces(small=(facts.height, facts.width)):
            if not isinstance(piece, Frame) or piece.small is None:
                continue
            due = started + float(piece.at * facts.tick)
            if paced and (early := due - time.perf_counter()) > 0:
                time.sleep(early)
            yield piece.small
