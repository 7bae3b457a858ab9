"""Fractal noise: sums of smooth random fields, each half as coarse and weaker than the one before."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def fractal(
    rng: np.random.Generator, height: int, width: int, scale: float, *, octaves: int = 4, roughness: float = 0.55
) -> NDArray[np.float32]:
    """Return float32 H x W noise of mean about 0 and deviation about 1.

    Args:
        rng: source of randomness.
        height: in pixels.
        width: in pixels.
        scale: distance in pixels between the points of the coarsest field.
        octaves: number of fields; the finest has no detail below a pixel.
        roughness: weight of each field relative to the one before.
    """
    total, power, weight = np.zeros((height, width), np.float32), 0.0, 1.0
    for octave in range(octaves):
        step = max(1.0, scale / 2**octave)
        rows, columns = (max(2, round(side / step) + 2) for side in (height, width))
        field = rng.standard_normal((rows, columns), np.float32)
        total += np.float32(weight) * np.asarray(cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC))
        power += weight**2 * 0.55
        weight *= roughness
        if step == 1.0:
            break
    return np.asarray(total / np.sqrt(power), np.float32)


def soft_step(value: NDArray[np.float32], width: float = 1.0) -> NDArray[np.float32]:
    """Return 0..1, rising from 0 to 1 where ``value`` goes from ``-width / 2`` to ``width / 2``."""
    return np.asarray(np.clip(value / np.float32(max(width, 1e-6)) + 0.5, 0, 1), np.float32)
