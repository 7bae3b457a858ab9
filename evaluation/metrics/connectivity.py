"""Connectivity error of mattes: Rhemann et al., "A Perceptually Motivated Online Benchmark for Matting" (CVPR 2009)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Alpha
from evaluation.metrics.mattes import band_of

_STEPS = 10
_LEAST_GAP = 0.15


def connectivity(predicted: Alpha, truth: Alpha, *, mask: NDArray[np.bool_] | None = None) -> float:
    """Sum over pixels of the difference in connectedness to the common body, divided by 1000 as tables give it.

    The body at level t is the largest 4-connected region in which both mattes are at least t. A pixel's level l is
    the highest of 0, 0.1 ... 1 up to which it belongs to the body; its connectedness in a matte is
    ``1 - (alpha - l)`` where the gap ``alpha - l`` is at least 0.15, and 1 otherwise.

    Args:
        predicted: float32 H x W, 0..1.
        truth: the same.
        mask: bool H x W, True = pixels that count (the trimap's unknown band); None = all.

    Raises:
        ArrayError: an array breaks the Alpha contract, sizes differ, or the mask selects nothing.
    """
    band = band_of(predicted, truth, mask)
    level = _body_level(np.minimum(predicted, truth))
    gaps = [matte.astype(np.float64) - level for matte in (predicted, truth)]
    connected = [1 - np.where(gap >= _LEAST_GAP, gap, 0) for gap in gaps]
    return float(np.sum(np.abs(connected[0] - connected[1])[band])) / 1000


def _body_level(common: Alpha) -> NDArray[np.float64]:
    """Highest level up to which each pixel stays in the body, without a break on the way."""
    level = np.zeros(common.shape)
    inside = np.ones(common.shape, bool)
    for step in range(1, _STEPS + 1):
        # Compared in float32 with a hair's tolerance: 0.3 stored as float32 must count as reaching level 0.3.
        inside &= _largest_region(common >= np.float32(step / _STEPS) - np.float32(1e-6))
        level[inside] = step / _STEPS
    return level


def _largest_region(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    if count == 1:
        return np.zeros(mask.shape, bool)
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return np.asarray(labels == largest)
