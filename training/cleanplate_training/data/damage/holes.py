"""Holes and flakes: islands where the layer, or the print itself, is gone."""

from __future__ import annotations

import numpy as np

from cleanplate_training.data.damage.lines import fibres
from cleanplate_training.data.damage.mark import Mark
from cleanplate_training.data.damage.texture import fractal, soft_step


def hole(rng: np.random.Generator, height: int, width: int) -> Mark:
    """Draw one to six islands near each other with ragged outlines and a rim of paper around what is gone."""
    side = min(height, width)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    middle, spread = rng.uniform((0, 0), (width, height)), rng.uniform(0.02, 0.2) * side
    inside = np.full((height, width), np.float32(-1e6))
    for _ in range(int(rng.integers(1, 7))):
        centre = middle + rng.normal(0, spread, 2)
        radius = side * np.exp(rng.uniform(np.log(0.004), np.log(0.07)))
        stretch = np.exp(rng.normal(0, 0.35))
        away = np.hypot((x - centre[0]) * stretch, (y - centre[1]) / stretch)
        inside = np.maximum(inside, np.float32(max(radius, 1.2)) - away)
    uneven = fractal(rng, height, width, max(4.0, 0.05 * side), octaves=4, roughness=0.65)
    inside = np.asarray(inside + uneven * np.float32(rng.uniform(0.6, 1.0 + 0.012 * side)), np.float32)
    tone = fibres(rng, height, width, rng.uniform(0.75, 1.0))
    if rng.random() < 0.35:  # through the paper
        gone = soft_step(np.asarray(inside - rng.uniform(1, 4), np.float32), 1.5)
        tone = np.asarray(tone + gone * (np.float32(rng.choice([0.02, 0.1, 0.98])) - tone), np.float32)
    return Mark("hole", soft_step(inside, 1.3), tone)
