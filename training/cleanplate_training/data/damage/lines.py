"""Ragged lines: where they run, and how far each pixel is from them."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate_training.data.damage.texture import fractal, soft_step
from cleanplate_training.data.holes.tears import jagged

Points = NDArray[np.float64]
_SUBPIXEL = 4
"""Binary digits of a pixel's fraction that OpenCV's line drawing is given."""


def straight(rng: np.random.Generator, height: int, width: int, *, wander: float, length: float) -> Points:
    """Return a line of fractal wander through the picture, N x 2 (x, y).

    Args:
        rng: source of randomness.
        height: of the picture.
        width: of the picture.
        wander: sideways deviation as a share of the length.
        length: as a share of the picture's diagonal.
    """
    angle = rng.choice([0.0, math.pi / 2]) + rng.normal(0, 0.12) if rng.random() < 0.5 else rng.uniform(0, math.pi)
    long = length * math.hypot(height, width)
    start = rng.uniform((0, 0), (width, height)) - 0.5 * long * np.array([math.cos(angle), math.sin(angle)])
    return between(rng, start, start + long * np.array([math.cos(angle), math.sin(angle)]), wander=wander)


def between(rng: np.random.Generator, start: Points, end: Points, *, wander: float) -> Points:
    """Return a line of fractal wander from one point to another, N x 2."""
    along = end - start
    long = float(np.hypot(*along))
    steps = 1 << max(3, min(8, math.ceil(math.log2(max(8.0, long / 3)))))
    heights = jagged(rng, steps, wander * long)
    across = np.array([-along[1], along[0]]) / max(long, 1e-6)
    return start + np.linspace(0, 1, steps + 1)[:, None] * along + heights[:, None] * across


def curved(rng: np.random.Generator, height: int, width: int, *, length: float, bend: float) -> Points:
    """Return a smooth wandering curve, N x 2; ``length`` as for :func:`straight`, ``bend`` in radians a step."""
    steps = 40
    direction = rng.uniform(0, 2 * math.pi) + np.cumsum(np.cumsum(rng.normal(0, bend / 6, steps)))
    stride = length * math.hypot(height, width) / steps
    points = np.cumsum(np.column_stack([np.cos(direction), np.sin(direction)]), axis=0) * stride
    return np.asarray(points - points.mean(axis=0) + rng.uniform((0, 0), (width, height)), np.float64)


def distance(height: int, width: int, lines: list[Points]) -> NDArray[np.float32]:
    """Return how far each pixel is from the nearest of some lines, float32 H x W in pixels."""
    canvas = np.full((height, width), 255, np.uint8)
    for points in lines:
        cv2.polylines(canvas, [np.rint(points).astype(np.int32)], False, 0, 1)
    if canvas.all():
        return np.full((height, width), np.float32(1e6))
    return np.asarray(cv2.distanceTransform(canvas, cv2.DIST_L2, 5), np.float32)


def drawn(height: int, width: int, points: Points, thickness: int) -> NDArray[np.float32]:
    """Return a smooth-edged line as opacity, float32 H x W."""
    canvas = np.zeros((height, width), np.uint8)
    corners = np.rint(points * (1 << _SUBPIXEL)).astype(np.int32)
    cv2.polylines(canvas, [corners], False, 255, thickness, cv2.LINE_AA, _SUBPIXEL)
    return canvas.astype(np.float32) / np.float32(255)


def flaked(rng: np.random.Generator, away: NDArray[np.float32], half: float, *, ragged: float) -> NDArray[np.float32]:
    """Return the opacity of a line along which the picture layer flaked off, float32 H x W.

    Args:
        rng: source of randomness.
        away: distance of each pixel from the line.
        half: mean half width in pixels.
        ragged: 0 for an even line .. 1 for one that comes and goes.
    """
    height, width = away.shape
    slow = fractal(rng, height, width, max(6.0, 14 * half), octaves=3)
    fine = fractal(rng, height, width, 3.0, octaves=2)
    reach = half * (1 + ragged * (0.9 * slow + 0.35 * fine))
    return soft_step(np.asarray(reach - away + 0.5, np.float32), 1.2)


def fibres(rng: np.random.Generator, height: int, width: int, level: float) -> NDArray[np.float32]:
    """Return the tone of bare paper about ``level``: light, with a fine grain, float32 H x W."""
    grain = 0.03 * fractal(rng, height, width, 2.0, octaves=1) + 0.03 * fractal(rng, height, width, 24, octaves=2)
    return np.asarray(np.clip(level + grain, 0, 1), np.float32)
