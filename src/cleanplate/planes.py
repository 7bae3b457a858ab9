"""The planes that video is stored in, and what their numbers mean.

Luma and two colour differences, 8 or 10 bits. Blending is linear, so it gives the same in these planes as in RGB, and
what a frame keeps of its source is never converted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Plane: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]
Sampling = Literal["420", "422", "444"]

UNSPECIFIED = 2
"""The code of ISO/IEC 23091-2 for "not said", which primaries, transfer and matrix share."""

FULL_RANGE = 2
"""What FFmpeg calls the range 0..255; 1 is the range 16..235 of television, 0 is "not said"."""

_HD_LINES = 720
"""Untagged pictures from this height on are BT.709 for players, lower ones BT.601."""


@dataclass(frozen=True)
class ColourTags:
    """How numbers become colours: the codes of ISO/IEC 23091-2 (H.273), as video files carry them.

    Attributes:
        primaries: 1 is BT.709, 9 is BT.2020.
        transfer: 1 is BT.709, 13 is sRGB, 16 is PQ, 18 is HLG.
        matrix: 1 is BT.709, 5 and 6 are BT.601, 9 is BT.2020.
        range: 1 is limited (16..235), 2 is full (0..255), 0 is not said.
    """

    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    matrix: int = UNSPECIFIED
    range: int = 0

    @property
    def is_hdr(self) -> bool:
        """Whether levels follow PQ or HLG."""
        return self.transfer in (16, 18)


@dataclass(frozen=True)
class PlaneFormat:
    """How the planes of frames are laid out.

    Attributes:
        sampling: 4:2:0 and 4:2:2 have one colour sample for 2 x 2 and 2 x 1 pixels.
        bits: 8 (uint8) or 10 (uint16, 0..1023).
    """

    sampling: Sampling = "420"
    bits: Literal[8, 10] = 8

    @property
    def dtype(self) -> type[np.uint8] | type[np.uint16]:
        """Of the planes."""
        return np.uint8 if self.bits == 8 else np.uint16

    @property
    def highest(self) -> int:
        """Largest level."""
        return (1 << self.bits) - 1

    def shapes(self, height: int, width: int) -> tuple[tuple[int, int], ...]:
        """Height and width of the three planes of a picture of this size; half a sample counts as one."""
        small = (
            (height + 1) // 2 if self.sampling == "420" else height,
            width if self.sampling == "444" else (width + 1) // 2,
        )
        return (height, width), small, small


def luma_weights(colours: ColourTags, height: int) -> tuple[float, float]:
    """The weights of red and blue in luma (Kr, Kb) for a picture ``height`` pixels high."""
    known = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 5: (0.299, 0.114), 6: (0.299, 0.114), 7: (0.212, 0.087)}
    if colours.matrix in (9, 10):
        return 0.2627, 0.0593
    return known.get(colours.matrix, known[1] if height >= _HD_LINES else known[6])


def settled(colours: ColourTags, height: int) -> ColourTags:
    """Tags that name the matrix which players would take for a picture ``height`` pixels high."""
    is_hd = luma_weights(colours, height) == luma_weights(ColourTags(matrix=1), height)
    return colours if colours.matrix in (1, 4, 5, 6, 7, 9, 10) else replace(colours, matrix=1 if is_hd else 6)


def planes_of(rgb: NDArray[np.uint8], format: PlaneFormat, colours: ColourTags) -> tuple[Plane, Plane, Plane]:
    """A picture (H x W x 3 uint8 RGB, not changed) in the planes of a clip with these tags."""
    import cv2

    height, width = rgb.shape[:2]
    red, blue = luma_weights(colours, height)
    weights = np.array([red, 1.0 - red - blue, blue], np.float32)
    levels = rgb.astype(np.float32) / np.float32(255)
    luma = levels @ weights
    differences = (levels[..., 2] - luma) / (2 * (1 - blue)), (levels[..., 0] - luma) / (2 * (1 - red))
    shapes = format.shapes(height, width)
    # Odd sides: the last colour sample covers one pixel, which counts double for that.
    padded = [np.pad(each, ((0, height % 2), (0, width % 2)), mode="edge") for each in differences]
    rows, columns = shapes[1]
    padded = [each[: 2 * rows if format.sampling == "420" else rows] for each in padded]
    padded = [each[:, : columns if format.sampling == "444" else 2 * columns] for each in padded]
    small = [cv2.resize(each, (columns, rows), interpolation=cv2.INTER_AREA) for each in padded]
    steps = float(1 << (format.bits - 8))
    if colours.range == FULL_RANGE:
        lowest, span, middle, reach = 0.0, float(format.highest), 128 * steps, float(format.highest)
    else:
        lowest, span, middle, reach = 16 * steps, 219 * steps, 128 * steps, 224 * steps
    stretched = [lowest + span * luma, *(middle + reach * each for each in small)]
    first, second, third = (np.clip(np.rint(each), 0, format.highest).astype(format.dtype) for each in stretched)
    return first, second, third


def rgb_of(planes: tuple[Plane, Plane, Plane], format: PlaneFormat, colours: ColourTags) -> NDArray[np.float32]:
    """The planes of a clip as H x W x 3 float32 RGB in 0..1 (colour samples are enlarged linearly); not changed."""
    import cv2

    height, width = planes[0].shape
    red, blue = luma_weights(colours, height)
    steps = float(1 << (format.bits - 8))
    if colours.range == FULL_RANGE:
        lowest, span, reach = 0.0, float(format.highest), float(format.highest)
    else:
        lowest, span, reach = 16 * steps, 219 * steps, 224 * steps
    luma = (planes[0].astype(np.float32) - lowest) / span
    blueish, reddish = (
        (_enlarged(plane, height, width, format.sampling) - 128 * steps) / reach for plane in planes[1:]
    )
    r = luma + 2 * (1 - red) * reddish
    b = luma + 2 * (1 - blue) * blueish
    g = (luma - red * r - blue * b) / (1 - red - blue)
    rgb = np.empty((height, width, 3), np.float32)
    cv2.merge([r, g, b], dst=rgb)
    return np.clip(rgb, np.float32(0), np.float32(1))


def _enlarged(plane: Plane, height: int, width: int, sampling: Sampling) -> NDArray[np.float32]:
    import cv2

    samples = plane.astype(np.float32)
    if sampling == "444":
        return samples
    size = (2 * plane.shape[1], height if sampling == "422" else 2 * plane.shape[0])
    return np.asarray(cv2.resize(samples, size, interpolation=cv2.INTER_LINEAR), np.float32)[:height, :width]


def partly_covered(alpha: NDArray[Any]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Rows and columns of the pixels (of an alpha of 8 or 10 bits, H x W) that are neither background nor person.

    Those within one hundredth of either count as that.
    """
    import cv2

    least, most = (3, 252) if alpha.dtype == np.uint8 else (10, 1013)
    # As bool, which numpy searches six times faster than bytes.
    places = np.flatnonzero(np.asarray(cv2.inRange(alpha, least, most)).view(np.bool_))
    rows, columns = np.divmod(places.astype(np.int32), np.int32(alpha.shape[1]))
    return rows, columns
