"""Fading: blacks turn grey and contrast goes, more in some places of the print than in others."""

from __future__ import annotations

import numpy as np

from cleanplate_training.data.damage.mark import Plane
from cleanplate_training.data.damage.texture import fractal


def faded(picture: Plane, rng: np.random.Generator) -> Plane:
    """Return the picture (float32 H x W x 3, 0..1) with lifted blacks and lowered contrast."""
    height, width = picture.shape[:2]
    uneven = fractal(rng, height, width, 0.6 * min(height, width), octaves=2)
    amount = np.clip(rng.uniform(0.05, 0.4) * (1 + 0.35 * uneven), 0, 0.6)[..., None]
    towards = np.float32(rng.uniform(0.55, 0.9)) * picture.reshape(-1, 3).max(axis=0)
    return np.asarray(picture + amount * (towards - picture), np.float32)
