"""Mean absolute difference of pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics.pairs import comparable, range_of, scored_pixels


def l1(
    a: NDArray[Any], b: NDArray[Any], *, data_range: float | None = None, mask: NDArray[np.bool_] | None = None
) -> float:
    """Mean of ``|a - b|`` as a fraction of the range (0 = equal, 1 = black against white).

    The "l1 loss" of inpainting papers is this figure times 100, in per cent.

    Args:
        a: H x W or H x W x C, unsigned or float.
        b: the same shape and dtype.
        data_range: the distance from black to white; that of the dtype if None (needed for float pictures).
        mask: bool H x W, True = pixels that count; None = all.

    Raises:
        ArrayError: shapes or dtypes differ, or the mask selects nothing.
        ArgumentError: no range for a float picture.
    """
    scale = range_of(a, data_range)
    first, second = comparable(a, b)
    return float(np.mean(np.abs((first - second)[scored_pixels(mask, first)]))) / scale
