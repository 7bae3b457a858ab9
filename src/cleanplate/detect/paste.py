"""From the small square mask of a box to the box's place in the picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Alpha, Box

_FADING = np.array([0.6, 0.2, 0.0], np.float32)
"""Of the outermost cells, how much is taken on over one, two and three cells beyond the box."""


def pasted(mask: NDArray[np.float32], box: NDArray[np.float32], window: Box, size: tuple[int, int]) -> Alpha:
    """A mask stretched over its box, as seen in a window at another scale.

    A cell of the mask stands for the share of its part of the box, so its value belongs to the cell's centre; between
    centres it is interpolated. Boxes are often a little too small and cut a hand or a shoe; then the cells along that
    side are full, which those of a box that fits are not. So the mask goes on beyond its box, fading over two cells.

    Args:
        mask: M x M, 0..1.
        box: left, top, right, bottom in pixels of the picture, fractions allowed.
        window: part of the picture.
        size: height and width that the window is shown at.

    Returns:
        ``size`` float32, 0..1.
    """
    side = mask.shape[0]
    framed = _framed(mask)
    left, top, right, bottom = (float(edge) for edge in box)
    height, width = size
    columns = _places(left, right, window.left, window.width / width, width, side)
    rows = _places(top, bottom, window.top, window.height / height, height, side)
    # Coordinates are separable, so rows and columns are interpolated one after the other.
    cells = side + 2 * len(_FADING)
    return np.asarray(_weights(rows, cells) @ framed @ _weights(columns, cells).T, np.float32)


def _framed(mask: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mask with fading copies of its outermost cells around it."""
    width = len(_FADING)
    fade = np.concatenate([_FADING[::-1], np.ones(mask.shape[0], np.float32), _FADING])
    return np.asarray(np.pad(mask, width, mode="edge") * np.minimum.outer(fade, fade), np.float32)


def _places(start: float, end: float, origin: float, step: float, count: int, side: int) -> NDArray[np.float64]:
    """Where the centres of ``count`` pixels fall in the framed mask, in cells."""
    centres = origin + (np.arange(count) + 0.5) * step
    return np.asarray((centres - start) / max(end - start, 1e-6) * side - 0.5 + len(_FADING), np.float64)


def _weights(places: NDArray[np.float64], cells: int) -> NDArray[np.float32]:
    """Count x cells: how much each cell counts at each place; nothing beyond the frame, which is 0."""
    distance = np.abs(places[:, None] - np.arange(cells)[None, :])
    return np.asarray(np.maximum(0.0, 1.0 - distance), np.float32)


def inclusion(
    mask: NDArray[np.float32],
    box: NDArray[np.float32],
    other: NDArray[np.float32],
    other_box: NDArray[np.float32],
) -> float:
    """Share of one mask (M x M over its box) that lies in another one; looked up at the centres of its cells."""
    selected = mask >= 0.5
    if not selected.any():
        return 0.0
    window = Box(0, 0, mask.shape[1], mask.shape[0])
    # The other box in cells of this one.
    size = np.maximum(np.array([box[2] - box[0], box[3] - box[1]]), 1e-6)
    shift = np.array([box[0], box[1]])
    cells = np.array([mask.shape[1], mask.shape[0]])
    corners = np.concatenate([(other_box[:2] - shift) / size * cells, (other_box[2:] - shift) / size * cells])
    there = pasted(other, corners.astype(np.float32), window, (mask.shape[0], mask.shape[1])) >= 0.5
    return float(np.count_nonzero(selected & there) / np.count_nonzero(selected))
