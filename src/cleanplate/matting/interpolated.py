"""Parts of enlarged arrays, without enlarging the whole: what lies between the cells is interpolated linearly."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Box


def part(small: NDArray[Any], box: Box, height: int, width: int) -> NDArray[np.float32]:
    """The pixels inside ``box`` of ``small`` (h x w or h x w x C) enlarged to ``height`` x ``width``.

    Equals that part of a linear resize of the whole; cell centres lie at the centres of what they span.
    """
    rows, down = _weights(box.top, box.bottom, small.shape[0] / height, small.shape[0])
    columns, across = _weights(box.left, box.right, small.shape[1] / width, small.shape[1])
    cells = small[rows, columns].reshape(down.shape[1], across.shape[1], -1).astype(np.float32, copy=False)
    # Two products of matrices: down the rows of all columns, then across.
    tall = (down @ cells.reshape(cells.shape[0], -1)).reshape(box.height, *cells.shape[1:])
    wide = np.matmul(across, tall).reshape(box.height, box.width, *small.shape[2:])
    return np.asarray(wide, np.float32)


def _weights(start: int, stop: int, scale: float, length: int) -> tuple[slice, NDArray[np.float32]]:
    """The cells that pixels ``start``..``stop`` are interpolated from, and their weights (pixels x cells)."""
    where = np.clip((np.arange(start, stop) + 0.5) * scale - 0.5, 0, length - 1)
    low = np.floor(where).astype(np.intp)
    high = np.minimum(low + 1, length - 1)
    share = (where - low).astype(np.float32)
    first = int(low.min())
    weights = np.zeros((stop - start, int(high.max()) + 1 - first), np.float32)
    pixels = np.arange(stop - start)
    weights[pixels, low - first] = 1 - share
    weights[pixels, high - first] += share
    return slice(first, first + weights.shape[1]), weights
