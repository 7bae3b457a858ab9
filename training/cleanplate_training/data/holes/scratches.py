"""Scratches: long lines one to a few pixels wide."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray


def scratch(canvas: NDArray[np.uint8], rng: np.random.Generator, reach: float) -> None:
    """Paint one scratch of 255 into a uint8 H x W canvas (in place); ``reach`` as for strokes."""
    height, width = canvas.shape
    side = min(height, width)
    steps = 24
    direction = rng.uniform(0, math.pi) + np.cumsum(rng.normal(0, 0.06, steps))
    length = side * (0.3 + reach) * rng.uniform(0.4, 1.6)
    points = np.cumsum(np.column_stack([np.cos(direction), np.sin(direction)]), axis=0) * length / steps
    points += rng.uniform((0, 0), (width, height)) - points.mean(axis=0)
    thickness = int(rng.integers(1, max(2, round(side / 100)) + 1))
    cv2.polylines(canvas, [np.round(points).astype(np.int32)], isClosed=False, color=255, thickness=thickness)
