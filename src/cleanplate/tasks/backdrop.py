"""What stands behind the person in a video: a colour, a picture, a clip, or the old background out of focus."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from cleanplate.clip import ClipFacts, Frame
from cleanplate.compose.backdrop import Fit, fitted
from cleanplate.compose.profiles import converted
from cleanplate.compose.video_background import blurred, colour_planes, cropped
from cleanplate.decode.image import read_picture
from cleanplate.decode.limits import Limits
from cleanplate.decode.video import loop_frames
from cleanplate.decode.video_file import is_video
from cleanplate.errors import ArgumentError, MissingInputError
from cleanplate.planes import Plane, PlaneFormat, planes_of
from cleanplate.tasks.ahead import ahead

DEFAULT_BLUR = 12.0
"""Strength of ``blur`` without a number."""

_LINES = 1080
_DEFAULT_LIMITS = Limits()
_COLOUR = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_NAMED = {"black": (0, 0, 0), "white": (255, 255, 255), "green": (0, 177, 64), "grey": (128, 128, 128)}
Planes = tuple[Plane, Plane, Plane]


class Backdrop(Protocol):
    """Gives the background of each frame."""

    def behind(self, frame: Frame, alpha: Any, seconds: float) -> Planes:
        """Planes of the size and layout of ``frame``; ``seconds`` is when the frame is shown."""
        ...


@dataclass(frozen=True)
class Blur:
    """The old background out of focus; ``strength`` is the standard deviation in pixels of a 1080-line picture."""

    strength: float = DEFAULT_BLUR


Wanted = Blur | Path | tuple[int, int, int]


def parse_backdrop(text: str) -> Wanted:
    """Read ``'#00b140'``, ``blur``, ``blur:12``, a colour's name, or a path.

    Raises:
        ArgumentError: it is none of these, or ``transparent``, which is another option.
    """
    if text == "transparent":
        raise ArgumentError(
            "needs an alpha channel", subject="--with transparent", fix="use --alpha prores, vp9 or png"
        )
    name, colon, number = text.partition(":")
    if name == "blur":
        try:
            strength = float(number) if colon else DEFAULT_BLUR
        except ValueError:
            strength = -1.0
        if not 0 < strength <= 500:
            raise ArgumentError(f"cannot be '{text}'", subject="--with", fix="write blur:12, from 1 to 500")
        return Blur(strength)
    if text.lower() in _NAMED:
        return _NAMED[text.lower()]
    digits = _COLOUR.fullmatch(text)
    if digits and not Path(text).exists():
        return _rgb(digits.group(1))
    if text.startswith("#"):
        raise ArgumentError(f"'{text}' is no colour", subject="--with", fix="write it like '#00b140'")
    path = Path(text).expanduser()
    if not path.exists():
        fix = "name a picture or video, a colour ('#00b140') or blur:12"
        raise MissingInputError("does not exist", subject=path, fix=fix)
    return path


def open_backdrop(
    wanted: Wanted, facts: ClipFacts, format: PlaneFormat, *, fit: Fit = "cover", limits: Limits = _DEFAULT_LIMITS
) -> AbstractContextManager[Backdrop]:
    """Prepare a background for the frames of a clip, once.

    Args:
        wanted: from :func:`parse_backdrop`.
        facts: of the clip.
        format: layout of its planes.
        fit: how a picture of other proportions is brought to the frame.
        limits: how large a picture may be.

    Raises:
        InputError: the picture or clip cannot be read.
    """
    height, width = facts.height, facts.width
    if isinstance(wanted, Blur):
        return nullcontext(_Blurred(wanted.strength * min(height, width) / _LINES))
    if isinstance(wanted, tuple):
        return nullcontext(_Still(colour_planes(wanted, height, width, format, facts.colours)))
    if is_video(wanted):
        return _moving(wanted, facts, format)
    return nullcontext(_Still(_picture(wanted, facts, format, fit, limits)))


@dataclass(frozen=True)
class _Still:
    planes: Planes

    def behind(self, frame: Frame, alpha: Any, seconds: float) -> Planes:
        return self.planes


@dataclass(frozen=True)
class _Blurred:
    sigma: float

    def behind(self, frame: Frame, alpha: Any, seconds: float) -> Planes:
        return blurred(frame.planes, alpha, self.sigma)


class _Moving:
    """The frame of a looped clip that is shown at the time of the frame before it."""

    def __init__(self, frames: Iterator[tuple[float, Planes]], facts: ClipFacts, format: PlaneFormat) -> None:
        self._frames = frames
        self._size, self._format = (facts.height, facts.width), format
        self._now = next(frames)
        self._next = next(frames)

    def behind(self, frame: Frame, alpha: Any, seconds: float) -> Planes:
        while self._next[0] <= seconds + 1e-6:
            self._now, self._next = self._next, next(self._frames)
        return cropped(self._now[1], *self._size, self._format)


@contextmanager
def _moving(path: Path, facts: ClipFacts, format: PlaneFormat) -> Iterator[Backdrop]:
    frames = loop_frames(path, format=format, size=(facts.height, facts.width), colours=facts.colours)
    with ahead(frames, depth=4, name="background") as early:
        yield _Moving(early, facts, format)


def _picture(path: Path, facts: ClipFacts, format: PlaneFormat, fit: Fit, limits: Limits) -> Planes:
    picture = read_picture(path, limits=limits)
    pixels, _ = converted(picture.pixels, picture.metadata.icc, None)
    if pixels.dtype == np.uint16:
        pixels = ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    # Shown with the clip's pixels, which need not be square.
    width = max(1, round(facts.width * float(facts.pixel_aspect)))
    shown = np.asarray(fitted(pixels, facts.height, width, fit=fit), np.uint8)
    if width != facts.width:
        shown = np.asarray(cv2.resize(shown, (facts.width, facts.height), interpolation=cv2.INTER_AREA), np.uint8)
    return planes_of(shown, format, facts.colours)


def _rgb(digits: str) -> tuple[int, int, int]:
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    red, green, blue = (int(digits[place : place + 2], 16) for place in (0, 2, 4))
    return red, green, blue
