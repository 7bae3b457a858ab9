"""Worn edges: rounded corners, chips along the border, missing corners."""

from __future__ import annotations

import numpy as np

from cleanplate_training.data.damage.lines import fibres
from cleanplate_training.data.damage.mark import Mark
from cleanplate_training.data.damage.texture import fractal, soft_step


def worn_edge(rng: np.random.Generator, height: int, width: int) -> Mark:
    """Draw the wear of one print: ragged along its sides, deeper at some corners."""
    side = min(height, width)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    sides = np.stack([x, width - 1 - x, y, height - 1 - y])
    depth = rng.uniform(-0.03, 0.012, 4) * side
    inside = np.max(depth.astype(np.float32)[:, None, None] - sides, axis=0)
    for corner in np.flatnonzero(rng.random(4) < 0.4):
        across = sides[corner % 2] + sides[2 + corner // 2]
        inside = np.maximum(inside, np.float32(rng.uniform(0.02, 0.16) * side) - across)
    uneven = fractal(rng, height, width, 0.06 * side, octaves=5, roughness=0.6)
    inside = np.asarray(inside + np.float32(rng.uniform(0.003, 0.012) * side) * uneven - 0.5, np.float32)
    # Never further in than this, or the noise would make islands in the middle of the picture.
    inside = np.minimum(inside, np.float32(0.18 * side) - sides.min(axis=0))
    tone = fibres(rng, height, width, rng.uniform(0.8, 1.0))
    if rng.random() < 0.5:  # the ground of the scanner beyond the rim of paper
        gone = soft_step(np.asarray(inside - rng.uniform(1, 3), np.float32), 1.5)
        tone = np.asarray(tone + gone * (np.float32(rng.choice([0.02, 0.12, 0.99])) - tone), np.float32)
    return Mark("worn edge", soft_step(inside, 1.3), tone)
