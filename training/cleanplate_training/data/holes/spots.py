"""Spots: ellipses and blobs with an uneven rim, as stains and losses of a print are."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray


def spot(canvas: NDArray[np.uint8], rng: np.random.Generator, reach: float) -> None:
    """Paint one ellipse or blob of 255 into a uint8 H x W canvas (in place); ``reach`` as for strokes."""
    height, width = canvas.shape
    side = min(height, width)
    angles = np.linspace(0, 2 * math.pi, 40, endpoint=False)
    rough = rng.uniform(0, 0.25)
    rim = 1 + rough * sum(
        rng.uniform(-1, 1) / order * np.cos(order * angles + rng.uniform(0, 6.3)) for order in range(2, 7)
    )
    axes = side * reach * rng.uniform(0.3, 0.6, 2)
    turn = rng.uniform(0, math.pi)
    x, y = axes[0] * rim * np.cos(angles), axes[1] * rim * np.sin(angles)
    points = np.column_stack([x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)])
    points += rng.uniform((0, 0), (width, height))
    cv2.fillPoly(canvas, [np.round(points).astype(np.int32)], 255)
