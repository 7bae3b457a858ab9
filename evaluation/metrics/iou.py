"""Intersection over union of two masks (the Jaccard index)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cleanplate.types import check_mask


def iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """``|a and b| / |a or b|`` of two bool H x W masks, 0..1; two empty masks agree wholly (1).

    Raises:
        ArrayError: not bool, not H x W, or of different sizes.
    """
    check_mask(a)
    check_mask(b, like=a)
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0
