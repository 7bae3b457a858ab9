"""Vignettes: corners darkened by the lens or yellowed by the air, and ovals printed into white."""

from __future__ import annotations

import numpy as np

from cleanplate_training.data.damage.mark import Plane
from cleanplate_training.data.damage.texture import soft_step


def vignetted(picture: Plane, rng: np.random.Generator) -> Plane:
    """Return the picture (float32 H x W x 3, 0..1) with darker or lighter corners, or as a soft oval on white."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    x0, y0 = rng.normal(0, 0.1, 2)
    away = np.hypot(x - x0, y - y0)
    if rng.random() < 0.15:
        outside = soft_step(np.asarray(away - rng.uniform(0.75, 1.0), np.float32), rng.uniform(0.1, 0.5))[..., None]
        return np.asarray(picture + outside * (np.float32(rng.uniform(0.85, 1)) - picture), np.float32)
    fall = np.clip(away / 1.41, 0, 1.3)[..., None] ** rng.uniform(1.5, 4)
    if rng.random() < 0.75:
        return np.asarray(picture * (1 - rng.uniform(0.1, 0.55) * fall).clip(0.1, 1), np.float32)
    return np.asarray(picture + rng.uniform(0.1, 0.4) * fall.clip(0, 1) * (1 - picture), np.float32)
