"""The band where alpha is neither 0 nor 1, cut into tiles, so that work and memory follow the outline of people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Alpha, Box, Mask

TILE = 128
"""Pixels; small enough for the work on a tile to stay in a core's cache."""


def soft(alpha: Alpha, *, reach: int = 0, margin: float = 0.01) -> Mask:
    """Pixels whose alpha is between ``margin`` and ``1 - margin``, and those within ``reach`` pixels of one."""
    band: Any = ((alpha > margin) & (alpha < 1.0 - margin)).view(np.uint8)
    # A hard edge has no soft pixel of its own, but two sides.
    sure = (alpha >= 0.5).view(np.uint8)
    band |= cv2.morphologyEx(sure, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    if reach > 0:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        band = cv2.dilate(band, kernel)
    return np.asarray(band, np.uint8).view(np.bool_)


def tiles(band: Mask, height: int, width: int, *, side: int = TILE) -> Iterator[Box]:
    """Boxes of at most ``side`` pixels that together hold the band.

    Args:
        band: h x w bool, at any smaller scale of the picture.
        height: of the picture; boxes are in its pixels.
        width: likewise.
        side: of a tile.
    """
    cells = _cells(band, side) if band.shape == (height, width) else _any_in_cells(band, height, width, side)
    for row, column in zip(*np.nonzero(cells), strict=True):
        left, top = int(column) * side, int(row) * side
        yield Box(left, top, left + side, top + side).clipped(height, width)


def _cells(band: Mask, side: int) -> NDArray[np.bool_]:
    """Whether a pixel of a band of the picture's own size lies in each cell."""
    starts = [range(0, length, side) for length in band.shape]
    return np.array([[bool(band[y : y + side, x : x + side].any()) for x in starts[1]] for y in starts[0]])


def _any_in_cells(band: Mask, height: int, width: int, side: int) -> NDArray[np.bool_]:
    """Whether a pixel of the band lies in each cell, or next to it (a pixel of a smaller scale may belong to two)."""
    down, across = np.nonzero(band)
    scale_down, scale_across = height / band.shape[0], width / band.shape[1]
    cells = np.zeros((-(-height // side), -(-width // side)), np.bool_)
    for shift_down in (0.0, 1.0):
        for shift_across in (0.0, 1.0):
            y = np.minimum((down + shift_down) * scale_down, height - 1) // side
            x = np.minimum((across + shift_across) * scale_across, width - 1) // side
            cells[y.astype(np.intp), x.astype(np.intp)] = True
    return cells
