"""Stains: brown or grey blots with a darker rim, drops, and bleached patches."""

from __future__ import annotations

import numpy as np

from cleanplate_training.data.damage.mark import Mark
from cleanplate_training.data.damage.texture import fractal, soft_step


def stain(rng: np.random.Generator, height: int, width: int) -> Mark:
    """Draw one stain; dark ones multiply the light of the picture, bleached ones veil it."""
    side = min(height, width)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    centre, radius = rng.uniform((0, 0), (width, height)), side * np.exp(rng.uniform(np.log(0.015), np.log(0.22)))
    stretch = np.exp(rng.normal(0, 0.3))
    away = np.hypot((x - centre[0]) * stretch, (y - centre[1]) / stretch)
    uneven = fractal(rng, height, width, max(4.0, radius), octaves=4)
    inside = np.asarray(radius * (1 + 0.28 * uneven) - away, np.float32)
    body = soft_step(inside, max(1.5, radius * rng.uniform(0.03, 0.35)))
    width_of_rim = max(1.2, radius * rng.uniform(0.02, 0.1))
    rim = np.exp(-np.square((inside - width_of_rim) / width_of_rim))
    patchy = np.clip(0.8 + 0.25 * fractal(rng, height, width, max(3.0, 0.5 * radius)), 0.2, 1.2)
    strength = rng.uniform(0.25, 0.8)
    opacity = np.clip(strength * body * patchy + rng.uniform(0, 0.5) * strength * rim, 0, 0.97).astype(np.float32)
    if rng.random() < 0.35:
        return Mark("stain", opacity, np.full((height, width), np.float32(rng.uniform(0.8, 1.0))))
    tint = [(1.0, 0.8, 0.5), (0.9, 0.75, 0.6), (1.0, 1.0, 1.0)][int(rng.integers(3))]
    return Mark("stain", opacity, np.full((height, width), np.float32(rng.uniform(0.1, 0.5))), tint, "multiply")
