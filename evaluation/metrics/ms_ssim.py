"""Multi-scale SSIM: Wang, Simoncelli, Bovik, "Multi-scale structural similarity" (Asilomar 2003)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArrayError
from evaluation.metrics.pairs import comparable, range_of, scored_pixels
from evaluation.metrics.ssim import WINDOW, inner, similarity_maps

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the five scales, finest first (the paper's table 1)."""
SMALLEST_SIDE = WINDOW * 2 ** (len(SCALE_WEIGHTS) - 1)
"""176 pixels: a shorter side has no whole window at the coarsest scale."""


def ms_ssim(
    a: NDArray[Any], b: NDArray[Any], *, data_range: float | None = None, mask: NDArray[np.bool_] | None = None
) -> float:
    """Multi-scale structural similarity in 0..1 (1 = equal); the mean over channels for colour.

    Between scales a picture is halved by means of 2 x 2 pixels (an odd last row or column falls off). Contrast terms
    below zero count as zero, since they have no real power. With ``mask``, each scale's mean is weighted by the share
    of masked pixels under each of its pixels.

    Args:
        a: H x W or H x W x C, both sides at least 176, unsigned or float.
        b: the same shape and dtype.
        data_range: the distance from black to white; that of the dtype if None (needed for float pictures).
        mask: bool H x W, True = pixels that count; None = all.

    Raises:
        ArrayError: shapes or dtypes differ, a side is under 176 pixels, or no pixel counts at some scale.
        ArgumentError: no range for a float picture.
    """
    scale = range_of(a, data_range)
    first, second = comparable(a, b)
    if min(first.shape[:2]) < SMALLEST_SIDE:
        size = f"{first.shape[1]} x {first.shape[0]}"
        raise ArrayError(f"is {size}; MS-SSIM needs {SMALLEST_SIDE} pixels a side", subject="picture", fix="use SSIM")
    weights = scored_pixels(mask, first).astype(np.float64)[..., np.newaxis]
    product = np.ones(first.shape[2])
    for index, exponent in enumerate(SCALE_WEIGHTS):
        last = index == len(SCALE_WEIGHTS) - 1
        luminance, contrast = similarity_maps(first, second, scale)
        mean = _weighted_mean(luminance * contrast if last else contrast, inner(weights))
        product *= np.maximum(mean, 0) ** exponent
        if not last:
            first, second, weights = _halved(first), _halved(second), _halved(weights)
    return float(np.mean(product))


def _weighted_mean(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    total = weights.sum()
    if total == 0:
        raise ArrayError("selects no pixel far enough from the border to count at every scale", subject="mask")
    return np.asarray((values * weights).sum(axis=(0, 1)) / total)


def _halved(array: NDArray[np.float64]) -> NDArray[np.float64]:
    height, width = (side // 2 * 2 for side in array.shape[:2])
    cells = array[:height, :width].reshape(height // 2, 2, width // 2, 2, -1)
    return np.asarray(cells.mean(axis=(1, 3)))
