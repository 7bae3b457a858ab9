"""Crazing: a net of fine cracks, denser along one direction, where a print was rolled or bent."""

from __future__ import annotations

import math

import numpy as np

from cleanplate_training.data.damage.lines import fibres, flaked
from cleanplate_training.data.damage.mark import Mark
from cleanplate_training.data.damage.texture import fractal, soft_step

_CELLS = (8, 40)


def crazing(rng: np.random.Generator, height: int, width: int) -> Mark:
    """Draw the borders of cells around random points, stretched and warped, in a part of the print."""
    side = min(height, width)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    warp = np.float32(rng.uniform(0.01, 0.04) * side)
    warped_x = x + warp * fractal(rng, height, width, 0.15 * side, octaves=4)
    warped_y = y + warp * fractal(rng, height, width, 0.15 * side, octaves=4)
    angle, stretch = rng.uniform(0, math.pi), np.exp(rng.uniform(0, 1.0))
    along = (warped_x * math.cos(angle) + warped_y * math.sin(angle)) / stretch
    across = (warped_y * math.cos(angle) - warped_x * math.sin(angle)) * stretch
    nearest = np.full((height, width), np.float32(1e6))
    second = nearest.copy()
    for px, py in rng.uniform(
        (-0.1 * width, -0.1 * height), (1.1 * width, 1.1 * height), (int(rng.integers(*_CELLS)), 2)
    ):
        u = (px * math.cos(angle) + py * math.sin(angle)) / stretch
        v = (py * math.cos(angle) - px * math.sin(angle)) * stretch
        away = np.hypot(along - np.float32(u), across - np.float32(v))
        second = np.minimum(second, np.maximum(nearest, away))
        nearest = np.minimum(nearest, away)
    gap = second - nearest
    # Divided by its slope the gap is a distance in pixels, so that lines have one width whatever the stretch.
    slope = np.hypot(np.gradient(gap, axis=0), np.gradient(gap, axis=1)).clip(0.3)
    lines = flaked(rng, np.asarray(gap / slope, np.float32), rng.uniform(0.3, 0.9), ragged=rng.uniform(0.5, 1.3))
    centre, reach = rng.uniform((0, 0), (width, height)), rng.uniform(0.2, 0.7) * side
    inside = reach * (1 + 0.4 * fractal(rng, height, width, 0.4 * side)) - np.hypot(x - centre[0], y - centre[1])
    region = soft_step(np.asarray(inside, np.float32), 0.4 * reach)
    # Towards the rim of the region the finest parts of the lines go first.
    opacity = np.clip(lines * (0.2 + 1.2 * region) - 0.35 * (1 - region), 0, 1) * rng.uniform(0.6, 1.0)
    level = rng.uniform(0.7, 0.95) if rng.random() < 0.85 else rng.uniform(0.05, 0.25)
    return Mark("crazing", np.asarray(opacity, np.float32), fibres(rng, height, width, level))
