"""Gradient error of mattes: Rhemann et al., "A Perceptually Motivated Online Benchmark for Matting" (CVPR 2009)."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Alpha
from evaluation.metrics.mattes import band_of

_SIGMA = 1.4
_SMALLEST_TAP = 0.01


def gradient(predicted: Alpha, truth: Alpha, *, mask: NDArray[np.bool_] | None = None) -> float:
    """Sum of the squared differences of the mattes' gradient magnitudes, divided by 1000 as tables give it.

    Gradients come from first-order Gaussian derivative filters of standard deviation 1.4 whose taps have a squared
    sum of one, with the picture's border repeated outwards; the filter ends where the Gaussian falls below 0.01.

    Args:
        predicted: float32 H x W, 0..1.
        truth: the same.
        mask: bool H x W, True = pixels that count (the trimap's unknown band); None = all.

    Raises:
        ArrayError: an array breaks the Alpha contract, sizes differ, or the mask selects nothing.
    """
    band = band_of(predicted, truth, mask)
    difference = _magnitude(predicted) - _magnitude(truth)
    return float(np.sum(np.square(difference[band]))) / 1000


def _magnitude(alpha: Alpha) -> NDArray[np.float64]:
    radius = math.ceil(_SIGMA * math.sqrt(-2 * math.log(math.sqrt(2 * math.pi) * _SIGMA * _SMALLEST_TAP)))
    at = np.arange(-radius, radius + 1)
    smooth = np.exp(-(at**2) / (2 * _SIGMA**2))
    slope = at * smooth
    # The two-dimensional kernel slope x smooth has unit norm when each of its factors has.
    smooth, slope = smooth / np.linalg.norm(smooth), slope / np.linalg.norm(slope)
    along_x, along_y = (
        cv2.sepFilter2D(alpha, cv2.CV_64F, x_taps, y_taps, borderType=cv2.BORDER_REPLICATE)
        for x_taps, y_taps in ((slope, smooth), (smooth, slope))
    )
    return np.asarray(np.hypot(along_x, along_y))
