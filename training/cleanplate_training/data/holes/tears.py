"""Tears: missing corners and strips with a jagged edge, as torn paper has."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray


def tear(canvas: NDArray[np.uint8], rng: np.random.Generator, reach: float) -> None:
    """Paint one torn-off part of 255 into a uint8 H x W canvas (in place); ``reach`` as for strokes."""
    height, width = canvas.shape
    side = min(height, width)
    angle = rng.uniform(0, 2 * math.pi)
    inwards = np.array([math.cos(angle), math.sin(angle)])
    along = np.array([-inwards[1], inwards[0]])
    # Start on the border where this direction leads into the picture.
    middle = np.array([width, height]) / 2
    start = middle - inwards * np.min(middle / np.maximum(np.abs(inwards), 1e-6))
    strip = rng.random() < 0.4  # through the whole picture, else a part of the border
    if strip:
        centre = middle + inwards * rng.uniform(-0.4, 0.4) * side
        half, length = side * reach * rng.uniform(0.06, 0.2), 1.5 * (height + width)
    else:
        centre, half, length = start, side * reach * rng.uniform(0.5, 1.0), side * reach * rng.uniform(1.0, 2.5)
    roughness = rng.uniform(0.1, 0.3) * half + 0.004 * side
    edges = [jagged(rng, 64, roughness) for _ in range(2)]
    at = np.linspace(-length / 2, length / 2, 65)
    depth = np.full(65, half) if strip else half * np.sqrt(1 - np.linspace(-1, 1, 65) ** 2)
    upper = centre + np.outer(at, along) + np.outer(depth + edges[0], inwards)
    lower = centre + np.outer(at[::-1], along) - np.outer(depth + edges[1], inwards)
    cv2.fillPoly(canvas, [np.round(np.concatenate([upper, lower])).astype(np.int32)], 255)


def jagged(rng: np.random.Generator, steps: int, amount: float) -> NDArray[np.float64]:
    """A fractal line by midpoint displacement: ``steps`` + 1 heights (a power of two of steps) about 0."""
    line = np.zeros(steps + 1)
    span = steps
    while span > 1:
        half = span // 2
        middles = (line[:-1:span] + line[span::span]) / 2
        line[half::span] = middles + rng.normal(0, amount * (span / steps) ** 0.8, middles.size)
        span = half
    return line
