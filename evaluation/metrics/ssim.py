"""Structural similarity: Wang, Bovik, Sheikh, Simoncelli, "Image Quality Assessment" (IEEE TIP 13(4), 2004)."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArrayError
from evaluation.metrics.pairs import comparable, range_of, scored_pixels

WINDOW = 11
"""Side in pixels of the Gaussian window; its standard deviation is 1.5."""
_RADIUS = WINDOW // 2
_SIGMA = 1.5
_K1, _K2 = 0.01, 0.03


def ssim(
    a: NDArray[Any], b: NDArray[Any], *, data_range: float | None = None, mask: NDArray[np.bool_] | None = None
) -> float:
    """Mean structural similarity, at most 1 (equal pictures); the mean over channels for colour.

    Only windows that lie wholly inside the picture count (5 pixels along each border are left out), as in the
    authors' program. With ``mask``, the mean is over the windows centred on its pixels, whose surroundings they see.

    Args:
        a: H x W or H x W x C, both sides at least 11, unsigned or float.
        b: the same shape and dtype.
        data_range: the distance from black to white; that of the dtype if None (needed for float pictures).
        mask: bool H x W, True = pixels that count; None = all.

    Raises:
        ArrayError: shapes or dtypes differ, a side is under 11 pixels, or no pixel counts.
        ArgumentError: no range for a float picture.
    """
    scale = range_of(a, data_range)
    first, second = comparable(a, b)
    if min(first.shape[:2]) < WINDOW:
        size = f"{first.shape[1]} x {first.shape[0]}"
        raise ArrayError(f"is {size}; SSIM needs {WINDOW} pixels a side", subject="picture")
    scored = inner(scored_pixels(mask, first))
    if not scored.any():
        raise ArrayError("selects no pixel 5 or more pixels inside the picture", subject="mask")
    luminance, contrast = similarity_maps(first, second, scale)
    return float(np.mean((luminance * contrast)[scored]))


def similarity_maps(
    a: NDArray[np.float64], b: NDArray[np.float64], data_range: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Luminance term and contrast-structure term of each whole window, (H - 10) x (W - 10) x C each."""
    c1, c2 = (_K1 * data_range) ** 2, (_K2 * data_range) ** 2
    mean_a, mean_b = _blur(a), _blur(b)
    # The variances are those of the weighted window itself (no n / (n - 1) correction), as in the paper.
    variance_a = _blur(a * a) - mean_a**2
    variance_b = _blur(b * b) - mean_b**2
    covariance = _blur(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    contrast = (2 * covariance + c2) / (variance_a + variance_b + c2)
    return luminance, contrast


def inner(array: NDArray[Any]) -> NDArray[Any]:
    """The part of an H x W (x C) array on which whole windows are centred."""
    return array[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS]


def _blur(array: NDArray[np.float64]) -> NDArray[np.float64]:
    blurred = cv2.GaussianBlur(array, (WINDOW, WINDOW), _SIGMA)
    return np.asarray(inner(blurred.reshape(array.shape)), np.float64)
