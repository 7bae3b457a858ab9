"""Hairlines: scratches and hairs one to three pixels wide, light or dark, long or short, whole or broken."""

from __future__ import annotations

import numpy as np

from cleanplate_training.data.damage.lines import curved, drawn, straight
from cleanplate_training.data.damage.mark import Mark, Plane
from cleanplate_training.data.damage.texture import fractal


def hairline(rng: np.random.Generator, height: int, width: int) -> Mark:
    """Draw one to five hairlines of one tone."""
    opacity: Plane = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(1, 6))):
        long = np.exp(rng.uniform(np.log(0.05), np.log(0.9)))
        if rng.random() < 0.6:
            line = straight(rng, height, width, wander=rng.uniform(0.0, 0.01), length=long)
        else:
            line = curved(rng, height, width, length=0.6 * long, bend=rng.uniform(0.02, 0.25))
        one = drawn(height, width, line, int(rng.integers(1, 4))) * np.float32(rng.uniform(0.4, 1.0))
        if rng.random() < 0.5:  # comes and goes
            one = one * np.clip(0.7 + 0.6 * fractal(rng, height, width, 12, octaves=3), 0, 1)
        opacity = np.maximum(opacity, one)
    level = rng.uniform(0.8, 1.0) if rng.random() < 0.75 else rng.uniform(0.0, 0.25)
    return Mark("hairline", np.asarray(opacity, np.float32), np.full((height, width), np.float32(level)))
