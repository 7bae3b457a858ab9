"""From the 28 x 28 mask of a box to the picture's pixels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def pasted(mask: NDArray[np.float32], box: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return the probability at each pixel of the picture, float32 ``H x W``; 0 outside the box.

    The mask spans the box from edge to edge and is read linearly between the centres of its cells; beyond the
    outermost centres it fades to 0, as in the authors' code.

    Args:
        mask: float32 ``M x M`` in 0..1.
        box: float32 left, top, right, bottom in pixels of the picture.
        size: Height and width of the picture.
    """
    height, width = size
    out = np.zeros(size, np.float32)
    left, top, right, bottom = (float(side) for side in box)
    cells = np.pad(mask, 1)
    side = mask.shape[0]
    across, down = max(right - left, 1.0) / side, max(bottom - top, 1.0) / side
    x0, x1 = max(0, int(np.floor(left - across / 2))), min(width, int(np.ceil(right + across / 2)))
    y0, y1 = max(0, int(np.floor(top - down / 2))), min(height, int(np.ceil(bottom + down / 2)))
    if x1 <= x0 or y1 <= y0:
        return out
    # Picture pixel x (centre x + 0.5) lies at (x + 0.5 - left) / across cells; the pad shifts by one cell.
    xs = ((np.arange(x0, x1) + 0.5 - left) / across + 0.5).astype(np.float32)
    ys = ((np.arange(y0, y1) + 0.5 - top) / down + 0.5).astype(np.float32)
    grid_x, grid_y = np.meshgrid(xs, ys)
    out[y0:y1, x0:x1] = cv2.remap(cells, grid_x, grid_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return out
