"""Shrinking a window so that erased colours cannot leak.

The window is reduced by a whole factor. Each cell is the mean of its pixels; a cell that the hole touches counts as
hole, so no mean mixes erased with known colours (contextual residual aggregation, arXiv 2005.09704, with the mask
handled strictly).
"""

from __future__ import annotations

from dataclasses import dataclass

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


def touched_cells(mask: Mask, factor: int) -> Mask:
    """Cells in which any pixel of ``mask`` is True; the last cells may hang over its end."""
    if not mask.any():
        return np.zeros((-(-mask.shape[0] // factor), -(-mask.shape[1] // factor)), np.bool_)
    # The largest value of the cell that starts at each pixel, of which every factor-th is one of ours.
    element = np.ones((factor, factor), np.uint8)
    largest = cv2.dilate(mask.view(np.uint8), element, anchor=(0, 0), borderValue=0)
    return np.asarray(largest[::factor, ::factor], np.bool_)


def _cell_means(window: Image, factor: int) -> NDArray[np.float32]:
    """Mean of each cell in 8-bit levels; bands keep the float copy small."""
    height, width = -(-window.shape[0] // factor), -(-window.shape[1] // factor)
    means = np.empty((height, width, 3), np.float32)
    rows = max(1, _BAND_PIXELS // (factor * factor * width))
    scale = 1.0 if window.dtype == np.uint8 else 1.0 / 257.0
    for top in range(0, height, rows):
        part: NDArray[np.float32] = window[top * factor : (top + rows) * factor].astype(np.float32)
        below, right = -part.shape[0] % factor, -part.shape[1] % factor
        if below or right:
            part = np.asarray(cv2.copyMakeBorder(part, 0, below, 0, right, cv2.BORDER_REPLICATE), np.float32)
        if factor > 1:
            size = (width, part.shape[0] // factor)
            part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.float32)
        means[top : top + rows] = part * scale
    return means
