"""Peak signal-to-noise ratio."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics.mse import mse


def psnr(
    a: NDArray[Any], b: NDArray[Any], *, data_range: float | None = None, mask: NDArray[np.bool_] | None = None
) -> float:
    """``10 log10(range^2 / mean squared error)`` in decibels over all pixels and channels; inf for equal pictures.

    Args:
        a: H x W or H x W x C, unsigned or float.
        b: the same shape and dtype.
        data_range: the distance from black to white; that of the dtype if None (needed for float pictures).
        mask: bool H x W, True = pixels that count (for in-hole PSNR, the hole); None = all.

    Raises:
        ArrayError: shapes or dtypes differ, or the mask selects nothing.
        ArgumentError: no range for a float picture.
    """
    error = mse(a, b, data_range=data_range, mask=mask)
    return math.inf if error == 0 else -10 * math.log10(error)
