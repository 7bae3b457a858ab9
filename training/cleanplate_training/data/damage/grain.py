"""Grain of the emulsion: clumps a little larger than a pixel, strongest in the middle tones."""

from __future__ import annotations

import cv2
import numpy as np

from cleanplate_training.data.damage.mark import Plane


def grained(picture: Plane, rng: np.random.Generator) -> Plane:
    """Return the picture (float32 H x W x 3, 0..1) with grey grain."""
    height, width = picture.shape[:2]
    size = rng.uniform(0.4, 1.3)
    noise = np.asarray(cv2.GaussianBlur(rng.standard_normal((height, width), np.float32), (0, 0), size), np.float32)
    noise = noise / max(float(noise.std()), 1e-6)
    light = picture.mean(axis=2)
    strength = rng.uniform(0.01, 0.055) * (0.35 + 2.6 * light * (1 - light))
    return np.asarray(picture + (strength * noise)[..., None], np.float32)
