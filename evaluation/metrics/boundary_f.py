"""Boundary F-score of two masks."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError
from cleanplate.types import check_mask


def boundary_f(predicted: NDArray[np.bool_], truth: NDArray[np.bool_], *, tolerance: float | None = None) -> float:
    """F-score of boundary pixels matched within a tolerance, 0..1.

    Precision is the share of predicted boundary pixels that lie within ``tolerance`` of the true boundary, recall the
    share of true ones near the predicted boundary; F is their harmonic mean. Measure of Perazzi et al., "A Benchmark
    Dataset and Evaluation Methodology for Video Object Segmentation" (CVPR 2016), by distances instead of matching.
    A mask's boundary is its pixels with one of the four neighbours outside the mask; the picture's border is none.

    Args:
        predicted: bool H x W.
        truth: bool H x W.
        tolerance: in pixels; None = 0.8 % of the picture's diagonal rounded up, as in DAVIS.

    Returns:
        1 if neither mask has a boundary, 0 if only one has.

    Raises:
        ArrayError: not bool, not H x W, or of different sizes.
        ArgumentError: a negative tolerance.
    """
    check_mask(predicted)
    check_mask(truth, like=predicted)
    if tolerance is None:
        tolerance = math.ceil(0.008 * math.hypot(*truth.shape))
    if tolerance < 0:
        raise ArgumentError(f"must not be negative, but is {tolerance}", subject="tolerance")
    edges = (boundary(predicted), boundary(truth))
    if not (edges[0].any() and edges[1].any()):
        return float(edges[0].any() == edges[1].any())
    precision = float(np.mean(distance_to(edges[1])[edges[0]] <= tolerance))
    recall = float(np.mean(distance_to(edges[0])[edges[1]] <= tolerance))
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def boundary(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels of a bool H x W mask that have one of their four neighbours outside it."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inside = cv2.erode(mask.astype(np.uint8), cross, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(mask & (inside == 0))


def distance_to(pixels: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Euclidean distance of every pixel to the nearest True one of a bool H x W array, float32."""
    return np.asarray(cv2.distanceTransform((~pixels).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE))
