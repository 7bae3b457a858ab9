"""Filling horizontal runs of pixels: what discs, polygons, strokes and growth come down to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Mask

_BAND_CELLS = 1 << 20
"""Cells of the counting arrays that are in memory at a time (two of int64, so 16 MB)."""


def fill_spans(
    rows: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64], height: int, width: int
) -> Mask:
    """The union of the runs ``[starts[i], ends[i])`` on ``rows[i]``, clipped to a ``height`` x ``width`` mask.

    Runs are counted at their ends and summed along the row, so that the cost is one pass over the rows that are
    touched, however many runs overlap. Memory beside the mask is bounded by working in bands of rows.
    """
    mask = np.zeros((height, width), dtype=np.bool_)
    starts, ends = np.clip(starts, 0, width), np.clip(ends, 0, width)
    inside = (rows >= 0) & (rows < height) & (starts < ends)
    rows, starts, ends = rows[inside], starts[inside], ends[inside]
    if rows.size == 0:
        return mask
    left, right = int(starts.min()), int(ends.max())
    step = max(1, _BAND_CELLS // (right - left + 1))
    for top in range(int(rows.min()), int(rows.max()) + 1, step):
        bottom = min(height, top + step)
        here = (rows >= top) & (rows < bottom)
        if here.any():
            row_length = right - left + 1
            cells = (bottom - top) * row_length
            first = (rows[here] - top) * row_length - left
            counts = np.bincount(first + starts[here], minlength=cells)
            counts -= np.bincount(first + ends[here], minlength=cells)
            # Every run ends in its own row, so one sum over all rows is the sum over each.
            np.cumsum(counts, out=counts)
            mask[top:bottom, left:right] = counts.reshape(-1, row_length)[:, :-1] > 0
    return mask


def centres_within(low: NDArray[np.float64], high: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Start and exclusive end of the pixels whose centres lie in ``[low, high]`` (half open runs of columns)."""
    return np.ceil(low - 0.5).astype(np.int64), np.floor(high - 0.5).astype(np.int64) + 1
