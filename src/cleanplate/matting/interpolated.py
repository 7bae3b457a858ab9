"""Parts of enlarged planes, without enlarging the whole: what lies between the cells is interpolated linearly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Box


def part(planes: NDArray[np.float32], box: Box, height: int, width: int) -> NDArray[np.float32]:
    """The pixels inside ``box`` of ``planes`` (C x h x w) enlarged to ``height`` x ``width``.

    Equals that part of a linear resize of each plane; cell centres lie at the centres of what they span.

    Returns:
        C x box.height x box.width, float32.
    """
    rows, down = _taps(box.top, box.bottom, planes.shape[1], height)
    columns, across = _taps(box.left, box.right, planes.shape[2], width)
    # Two cells a pixel in each direction, as products of matrices: faster than gathering the cells of every pixel.
    return np.asarray(down @ (planes[:, rows, columns] @ across.T), np.float32)


def _taps(start: int, stop: int, cells: int, length: int) -> tuple[slice, NDArray[np.float32]]:
    """The cells that the pixels ``start``..``stop`` lie between, and the share of each in each pixel."""
    where = np.clip((np.arange(start, stop) + 0.5) * (cells / length) - 0.5, 0, cells - 1)
    low = np.floor(where).astype(np.intp)
    high = np.minimum(low + 1, cells - 1)
    first, share, pixel = int(low[0]), (where - low).astype(np.float32), np.arange(stop - start)
    shares = np.zeros((stop - start, int(high[-1]) + 1 - first), np.float32)
    shares[pixel, low - first] = 1 - share
    shares[pixel, high - first] += share
    return slice(first, int(high[-1]) + 1), shares
