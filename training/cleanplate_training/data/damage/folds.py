"""Folds: nearly straight lines across the print along which the layer broke, with a soft bend of light beside them."""

from __future__ import annotations

import math

import numpy as np

from cleanplate_training.data.damage.lines import distance, fibres, flaked, straight
from cleanplate_training.data.damage.mark import Mark


def fold(rng: np.random.Generator, height: int, width: int) -> Mark:
    """Draw one fold; half of them go through the whole print."""
    long = 2.0 if rng.random() < 0.6 else rng.uniform(0.3, 0.9)
    line = straight(rng, height, width, wander=rng.uniform(0.001, 0.008), length=long)
    away = distance(height, width, [line])
    half = math.exp(rng.uniform(math.log(0.35), math.log(1.0 + min(height, width) / 220)))  # most are fine
    core = flaked(rng, away, half, ragged=rng.uniform(0.4, 1.2))
    # The bent paper catches or loses light beside the break: too faint to be repainted.
    glow = rng.uniform(0.0, 0.16) * np.exp(-away / np.float32(rng.uniform(2, 7)))
    level = rng.uniform(0.75, 1.0) if rng.random() < 0.88 else rng.uniform(0.02, 0.25)
    return Mark(
        "fold", np.asarray(np.maximum(core * rng.uniform(0.75, 1), glow), np.float32), fibres(rng, height, width, level)
    )
