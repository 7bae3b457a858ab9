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
    low, high, share = _places(box.top, box.bottom, small.shape[0] / height, small.shape[0])
    extra = (1,) * (small.ndim - 1)
    share = share.reshape(-1, *extra)
    left, right, across = _places(box.left, box.right, small.shape[1] / width, small.shape[1])
    # Only the columns that the box needs are interpolated between rows.
    first, last = int(left.min()), int(right.max()) + 1
    strip = small[:, first:last]
    rows = np.asarray(strip[low] * (1 - share) + strip[high] * share, np.float32)
    across = across.reshape(1, -1, *(1,) * (small.ndim - 2))
    left, right = left - first, right - first
    return np.asarray(rows[:, left] * (1 - across) + rows[:, right] * across, np.float32)


def _places(
    start: int, stop: int, scale: float, length: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """For each pixel the two cells around it and the share of the second."""
    where = np.clip((np.arange(start, stop) + 0.5) * scale - 0.5, 0, length - 1)
    low = np.floor(where).astype(np.intp)
    return low, np.minimum(low + 1, length - 1), (where - low).astype(np.float32)
