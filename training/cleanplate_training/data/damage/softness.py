"""Softness of old lenses, of movement, and of copies of copies."""

from __future__ import annotations

import cv2
import numpy as np

from cleanplate_training.data.augment.blur import disk, path
from cleanplate_training.data.damage.mark import Plane


def softened(picture: Plane, rng: np.random.Generator) -> Plane:
    """Return the picture (float32 H x W x 3, 0..1) blurred by one to two pixels."""
    kind = rng.random()
    if kind < 0.6:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.5, 2.0)), np.float32)
    kernel = disk(rng.uniform(0.6, 2.2)) if kind < 0.85 else path(rng.uniform(2, 6), rng.uniform(0, np.pi), 0.2)
    return np.asarray(cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REFLECT), np.float32)
