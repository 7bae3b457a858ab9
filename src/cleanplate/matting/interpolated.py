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
    low, high, share = _taps(box.top, box.bottom, small.shape[0] / height, small.shape[0])
    left, right, slide = _taps(box.left, box.right, small.shape[1] / width, small.shape[1])
    cells = small[:, left[0] : right[-1] + 1].astype(np.float32, copy=False)
    extra = (1,) * (small.ndim - 2)
    # Down the few columns first, then across: two cells a pixel each time.
    above = cells[low]
    tall = above + (cells[high] - above) * share.reshape(-1, 1, *extra)
    first = tall[:, left - left[0]]
    wide = tall[:, right - left[0]]
    wide -= first
    wide *= slide.reshape(-1, *extra)
    wide += first
    return np.asarray(wide, np.float32)


def _taps(
    start: int, stop: int, scale: float, length: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """The two cells that each of the pixels ``start``..``stop`` lies between, and how far it is towards the second."""
    where = np.clip((np.arange(start, stop) + 0.5) * scale - 0.5, 0, length - 1)
    low = np.floor(where).astype(np.intp)
    return low, np.minimum(low + 1, length - 1), (where - low).astype(np.float32)
