"""Carrying the detail that shrinking lost into the hole.

Contextual residual aggregation (Yi et al., CVPR 2020, arXiv 2005.09704): the residual of a window is what is left of
it after shrinking and enlarging. Each piece of the hole takes the residual of the known place that it resembles,
added to the enlarged completion. Patches overlap by half under a window function, so no grid shows.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.inpaint.correspondence import Correspondence
from cleanplate.types import Box, Image, Mask

_BAND_ROWS = 256
_SHARPNESS = 2.0
_GAIN_POINTS = 4
_NO_MAP = np.empty(0, np.uint16)


def base_of(window: Image, small: NDArray[np.float32], factor: int) -> Image:
    """``small`` enlarged to the size of ``window``, in its dtype; the residual is what it lacks of the window.

    The rounding is far below the grain of a photograph, and a residual that is taken where it is needed spares an
    array of the window's size.
    """
    scale = 1.0 if window.dtype == np.uint8 else 257.0
    size = (small.shape[1] * factor, small.shape[0] * factor)
    rounded = np.rint(small * np.float32(scale)).astype(window.dtype)
    base = cast("Image", cv2.resize(rounded, size, interpolation=cv2.INTER_LINEAR))
    return base[: window.shape[0], : window.shape[1]]


def enlarged(small: NDArray[np.float32], factor: int, box: Box, dtype: np.dtype) -> NDArray[np.float32]:
    """The part ``box`` of ``small`` enlarged by ``factor`` (linear), in the range of ``dtype``."""
    margin = 1
    height, width = small.shape[:2]
    top, bottom = max(0, box.top // factor - margin), min(height, -(-box.bottom // factor) + margin)
    left, right = max(0, box.left // factor - margin), min(width, -(-box.right // factor) + margin)
    part = small[top:bottom, left:right]
    if dtype == np.uint16:
        part = part * np.float32(257.0)
    if factor > 1:
        size = ((right - left) * factor, (bottom - top) * factor)
        part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_LINEAR), np.float32)
    y, x = box.top - top * factor, box.left - left * factor
    return part[y : y + box.height, x : x + box.width]


def aggregate(
    window: Image, hole: Mask, small: NDArray[np.float32], factor: int, correspondence: Correspondence | None
) -> tuple[Box, Image]:
    """Fill the hole of a window at full size.

    Args:
        window: H x W x 3 uint8 or uint16, as it was; what lies under the hole is not read.
        hole: H x W bool.
        small: the completed small picture, h x w x 3, in 8-bit levels.
        factor: pixels of the window per cell.
        correspondence: where detail comes from; None adds none.

    Returns:
        The bounding box of the hole in the window, and the filled picture inside that box (to be used where ``hole``).
    """
    box = box_of(hole)
    carry = correspondence is not None and factor > 1
    base = base_of(window, small, factor) if carry else None
    step = factor if correspondence is None else factor * correspondence.stride
    filled = np.empty((box.height, box.width, 3), window.dtype)
    limit = float(np.iinfo(window.dtype).max)
    for first in range(box.top // step, -(-box.bottom // step), max(1, _BAND_ROWS // step)):
        bottom = (first + max(1, _BAND_ROWS // step)) * step
        band = Box(box.left, max(box.top, first * step), box.right, min(bottom, box.bottom))
        total = enlarged(small, factor, band, window.dtype)
        if base is not None and correspondence is not None:
            total = total + _detail(window, base, correspondence, factor, band)
        np.rint(total, out=total)
        filled[band.top - box.top : band.bottom - box.top] = np.clip(total, 0.0, limit, out=total)
    return box, filled


def box_of(hole: Mask) -> Box:
    """The bounding box of a hole in which at least one pixel is True."""
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def _detail(window: Image, base: Image, correspondence: Correspondence, factor: int, band: Box) -> NDArray[np.float32]:
    """Weighted sum of the four residual patches that cover each pixel of ``band``.

    Averaging residuals of different places dulls texture, as averaging noise does; the sum is divided by the norm of
    the weights in which patches from one place count together, so that the energy of the detail stays.
    """
    step = correspondence.stride * factor
    blocks = Box(band.left // step, band.top // step, -(-band.right // step), -(-band.bottom // step))
    inside = band.shifted(-blocks.left * step, -blocks.top * step)
    later_y = later_weight(np.arange(band.top, band.bottom), step)
    later_x = np.repeat(later_weight(np.arange(band.left, band.right), step), 3)
    here = np.empty((band.height, band.width, 2), np.int16)
    here[..., 0] = np.arange(band.left, band.right)
    here[..., 1] = np.arange(band.top, band.bottom)[:, None]
    total = np.zeros((band.height, band.width * 3), np.float32)
    places = []
    for down in (0, 1):
        weight_y = later_y if down else 1.0 - later_y
        for right in (0, 1):
            rows = slice(blocks.top + down, blocks.bottom + down)
            offsets = correspondence.offsets[rows, blocks.left + right : blocks.right + right]
            places.append(offsets)
            shift = (offsets[..., ::-1] * factor).astype(np.int16)
            at = _each_pixel(shift, step)[inside.slices] + here
            patch = cv2.subtract(_taken(window, at), _taken(base, at), dtype=cv2.CV_32F)
            weight_x = later_x if right else 1.0 - later_x
            total += patch.reshape(total.shape) * (weight_y[:, None] * weight_x[None, :])
    detail = total.reshape(band.height, band.width, 3)
    detail *= _gain(places, step)[inside.slices][..., None]
    return detail


def _taken(picture: Image, at: NDArray[np.int16]) -> Image:
    """The pixels of ``picture`` at the places ``at`` (x, y)."""
    taken = cv2.remap(picture, at, _NO_MAP, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    return cast("Image", taken)


def _each_pixel(blocks: NDArray[np.int16], step: int) -> NDArray[np.int16]:
    """Repeat each block ``step`` times down and across."""
    size = (blocks.shape[1] * step, blocks.shape[0] * step)
    return np.asarray(cv2.resize(blocks, size, interpolation=cv2.INTER_NEAREST), np.int16)


def _gain(places: list[NDArray[np.int32]], step: int) -> NDArray[np.float32]:
    """What restores the energy of the four averaged patches in each pixel; 1 where they come from one place.

    Computed at a few points of each block and interpolated, as it changes slowly.
    """
    rows, columns = places[0].shape[:2]
    points = min(step, _GAIN_POINTS)
    later = later_weight(np.arange(points), points)
    sides = (1.0 - later, later)
    weights = [sides[down][:, None] * sides[right][None, :] for down in (0, 1) for right in (0, 1)]
    energy = np.zeros((rows, points, columns, points), np.float32)
    for i, first in enumerate(weights):
        energy += (first * first)[None, :, None, :]
        for j in range(i):
            same = (places[i] == places[j]).all(axis=2)
            energy += (2.0 * first * weights[j])[None, :, None, :] * same[:, None, :, None]
    gain = (1.0 / np.sqrt(energy)).reshape(rows * points, columns * points)
    size = (columns * step, rows * step)
    return np.asarray(cv2.resize(gain, size, interpolation=cv2.INTER_LINEAR), np.float32)


def later_weight(position: NDArray[np.int64], step: int) -> NDArray[np.float32]:
    """Weight of the later of the two patches that cover a pixel; a raised cosine, made steeper."""
    phase = (position % step + 0.5) / step
    later = (0.5 - 0.5 * np.cos(np.pi * phase)) ** _SHARPNESS
    earlier = (0.5 + 0.5 * np.cos(np.pi * phase)) ** _SHARPNESS
    return (later / (later + earlier)).astype(np.float32)
