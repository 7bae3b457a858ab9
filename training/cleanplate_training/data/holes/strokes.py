"""Brush strokes, as someone paints out an object."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray


def stroke(canvas: NDArray[np.uint8], rng: np.random.Generator, reach: float) -> None:
    """Paint one meandering stroke of 255 into a uint8 H x W canvas.

    Args:
        canvas: painted in place.
        rng: source of randomness.
        reach: wanted extent as a share of the short side.
    """
    height, width = canvas.shape
    side = min(height, width)
    thickness = max(2, round(side * reach * rng.uniform(0.1, 0.35)))
    count = int(rng.integers(3, 9))
    turns = rng.normal(0, 0.9, count).cumsum() + rng.uniform(0, 2 * math.pi)
    lengths = rng.uniform(0.3, 1, count) * side * reach / math.sqrt(count)
    points = np.cumsum(np.column_stack([np.cos(turns), np.sin(turns)]) * lengths[:, None], axis=0)
    points += rng.uniform((0, 0), (width, height)) - points.mean(axis=0)
    corners = np.round(points).astype(np.int32)
    cv2.polylines(canvas, [corners], isClosed=False, color=255, thickness=thickness)
    for x, y in corners.tolist():
        cv2.circle(canvas, (x, y), round(thickness * rng.uniform(0.5, 0.65)), 255, -1)
