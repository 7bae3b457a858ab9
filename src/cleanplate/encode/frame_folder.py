"""A folder of numbered PNG pictures with alpha, for programs that take pictures and no alpha video.

The folder is filled under a hidden name and takes its own when it is complete.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.clip import ClipFacts, SoundPiece
from cleanplate.container.png import assemble
from cleanplate.encode.atomic import explained
from cleanplate.encode.png_pixels import pixel_chunks
from cleanplate.encode.video import Canvas
from cleanplate.errors import OutputError
from cleanplate.planes import PlaneFormat, settled

TIMES = "timestamps.txt"
"""When each picture is shown, in milliseconds, as mkvmerge and others read it (timestamp format v2)."""

_OURS = re.compile(r"\d{6,}\.png|timestamps\.txt")


class FrameFolder:
    """A folder that is being filled; made by :func:`frame_folder`. PNG of 8 bits, or 16 where the source has more.

    Attributes:
        format: the layout of planes that it takes, with alpha as the fourth.
        notes: remarks for the user.
    """

    def __init__(self, folder: Path, facts: ClipFacts) -> None:
        """Fill ``folder`` with frames of the size of a clip."""
        import av

        self.format = PlaneFormat("444", 8 if facts.source_bits <= 8 else 10)
        self.notes: list[str] = ["a folder of pictures holds no sound"] if facts.sound else []
        self._folder, self._facts = folder, facts
        self._scaler = av.video.reformatter.VideoReformatter()
        self._times: list[float] = []

    def canvas(self) -> Canvas:
        """Memory for the next frame."""
        import av

        name = "yuva444p" if self.format.bits == 8 else "yuva444p10le"
        picture = av.VideoFrame(self._facts.width, self._facts.height, name)
        return Canvas(tuple(self._view(plane) for plane in picture.planes), picture)

    def write(self, canvas: Canvas, at: int, duration: int) -> None:
        """Write a frame as the next picture."""
        tags = settled(self._facts.colours, self._facts.height)
        picture = canvas.inner
        picture.colorspace, picture.color_range = tags.matrix, tags.range or 1
        name = "rgba" if self.format.bits == 8 else "rgba64le"
        pixels = self._scaler.reformat(picture, format=name, dst_color_range=2, threads=1).to_ndarray()
        self._times.append(float(at * self._facts.tick))
        _write(self._folder / f"{len(self._times):06d}.png", assemble(pixel_chunks(pixels)))

    def sound(self, piece: SoundPiece) -> None:
        """Sound has no place here."""

    def finish(self) -> None:
        """Write when each picture is shown."""
        lines = ["# timestamp format v2", *(f"{1000 * seconds:.6f}" for seconds in self._times)]
        _write(self._folder / TIMES, ("\n".join(lines) + "\n").encode())

    def _view(self, plane: Any) -> NDArray[Any]:
        levels: NDArray[Any] = np.frombuffer(plane, self.format.dtype)
        stride = plane.line_size // levels.itemsize
        return levels.reshape(-1, stride)[: self._facts.height, : self._facts.width]


@contextlib.contextmanager
def frame_folder(path: Path, facts: ClipFacts, *, overwrite: bool = False) -> Iterator[FrameFolder]:
    """Write a folder of pictures; it appears when the block ends without an error.

    Args:
        path: the folder; if it exists it must be empty, or ``overwrite`` replaces the frames in it.
        facts: of the source.
        overwrite: replace frames that are there; other files in the folder stay.

    Raises:
        OutputError: the folder holds something, is a file, or cannot be written.
    """
    if path.exists() and not path.is_dir():
        raise OutputError("is a file, not a folder", subject=path, fix="name a folder for --alpha png")
    if path.is_dir() and any(path.iterdir()) and not overwrite:
        raise OutputError("is not empty", subject=path, fix="name a new folder, or add --overwrite")
    target = path.absolute()
    beside = target.with_name(f".cleanplate-{os.getpid()}-{secrets.token_hex(6)}.part")
    try:
        beside.mkdir()
        try:
            writer = FrameFolder(beside, facts)
            yield writer
            writer.finish()
            _take_place(beside, target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise explained(error, path) from None


def _take_place(beside: Path, target: Path) -> None:
    if not target.is_dir() or not any(target.iterdir()):
        if target.is_dir():
            target.rmdir()
        beside.rename(target)
        return
    for old in target.iterdir():
        if _OURS.fullmatch(old.name):
            old.unlink()
    for new in sorted(beside.iterdir()):
        new.replace(target / new.name)


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
