"""Shrinking a window so that erased colours cannot leak.

The window is reduced by a whole factor. Each cell is the mean of its pixels; a cell that the hole touches counts as
hole, so no mean mixes erased with known colours (contextual residual aggregation, arXiv 2005.09704, with the mask
handled strictly).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Image, Mask

_BAND_PIXELS = 250_000


@dataclass(frozen=True)
class Shrunk:
    """A window at working size.

    Attributes:
        image: h x w x 3 uint8 RGB, the mean of each cell, for engines; meaningless where ``hole``.
        mean: h x w x 3 float32 RGB, the same unrounded, in 8-bit levels (0..255) whatever the depth of the window.
        hole: h x w bool, cells that the hole touches.
        avoid: h x w bool, cells that touch an area which may not be a source.
        factor: pixels of the window a cell spans in each direction.
    """

    image: NDArray[np.uint8]
    mean: NDArray[np.float32]
    hole: Mask
    avoid: Mask
    factor: int


def shrink(window: Image, hole: Mask, avoid: Mask, factor: int) -> Shrunk:
    """Reduce ``window`` by ``factor``; the last cells may hang over its end, where its edge pixels are repeated.

    Args:
        window: H x W x 3 uint8 or uint16.
        hole: H x W bool.
        avoid: H x W bool.
        factor: at least 1.
    """
    mean = _cell_means(window, factor)
    image = np.rint(mean).astype(np.uint8)
    return Shrunk(image, mean, touched_cells(hole, factor), touched_cells(avoid, factor), factor)


def _cell_means(window: Image, factor: int) -> NDArray[np.float32]:
    """Mean of each cell in 8-bit levels."""
    padded: Image = _padded(window, factor, cv2.BORDER_REPLICATE)
    height, width = padded.shape[0] // factor, padded.shape[1] // factor
    rows = np.empty((height, width, 3), np.float32)
    band = max(1, _BAND_PIXELS // (factor * factor * width))
    scale = 1.0 if window.dtype == np.uint8 else 1.0 / 257.0
    for top in range(0, height, band):
        bottom = min(height, top + band)
        part = padded[top * factor : bottom * factor].astype(np.float32)
        if factor > 1:
            size = (width, bottom - top)
            part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.float32)
        rows[top:bottom] = part * scale
    return rows


def touched_cells(mask: Mask, factor: int) -> Mask:
    """Cells in which any pixel of ``mask`` is True."""
    padded = _padded(mask.view(np.uint8), factor, cv2.BORDER_CONSTANT)
    height, width = padded.shape
    rows = np.bitwise_or.reduce(padded.reshape(height // factor, factor, width), axis=1)
    cells = np.bitwise_or.reduce(rows.reshape(height // factor, width // factor, factor), axis=2)
    return np.asarray(cells, np.bool_)


def _padded(array: NDArray[Any], factor: int, border: int) -> NDArray[Any]:
    below, right = -array.shape[0] % factor, -array.shape[1] % factor
    if not below and not right:
        return array
    return np.asarray(cv2.copyMakeBorder(array, 0, below, 0, right, border), array.dtype)
