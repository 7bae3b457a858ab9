"""Texture of the paper: fibres, the mesh of silk and honeycomb papers, and unevenness, lit from one side."""

from __future__ import annotations

import math

import numpy as np

from cleanplate_training.data.damage.mark import Plane
from cleanplate_training.data.damage.texture import fractal


def textured(picture: Plane, rng: np.random.Generator) -> Plane:
    """Return the picture (float32 H x W x 3, 0..1) as the scanner sees it on its paper."""
    height, width = picture.shape[:2]
    if rng.random() < 0.3:
        relief = _mesh(rng, height, width)
    else:
        relief = fractal(rng, height, width, rng.uniform(2, 10), octaves=3, roughness=0.7)
    angle = rng.uniform(0, 2 * math.pi)
    slope = math.cos(angle) * np.gradient(relief, axis=1) + math.sin(angle) * np.gradient(relief, axis=0)
    slope = slope / max(float(slope.std()), 1e-6)
    uneven = 0.02 * fractal(rng, height, width, 0.3 * min(height, width), octaves=3)
    return np.asarray(picture * (1 + rng.uniform(0.004, 0.03) * slope + uneven)[..., None], np.float32)


def _mesh(rng: np.random.Generator, height: int, width: int) -> Plane:
    """A regular relief of two or three directions."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    period, turn, directions = rng.uniform(3, 8), rng.uniform(0, math.pi), int(rng.integers(2, 4))
    waves = [
        np.cos(2 * math.pi / period * (x * math.cos(angle) + y * math.sin(angle)))
        for angle in (turn + math.pi * k / directions for k in range(directions))
    ]
    return np.asarray(np.sum(waves, axis=0), np.float32)
