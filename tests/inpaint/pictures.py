"""Pictures made for these tests, seeded, with structure that a fill can get right or wrong."""

from __future__ import annotations

import cv2
import numpy as np


def gravel(height: int, width: int, *, seed: int = 0, dtype: type = np.uint8) -> np.ndarray:
    """Coloured noise with detail at all scales, H x W x 3."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    for scale in (1, 2, 4, 8, 16):
        noise = rng.normal(size=(-(-height // scale), -(-width // scale), 3)).astype(np.float32)
        total += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC).reshape(height, width, 3)
    total = 128 + 22 * total
    return to_dtype(total, dtype)


def slope(height: int, width: int, *, dtype: type = np.uint8) -> np.ndarray:
    """A smooth sky: colours change slowly along both axes."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    sky = np.stack([90 + 60 * x / width, 120 + 50 * y / height, 200 - 40 * x / width], axis=2)
    return to_dtype(sky, dtype)


def to_dtype(levels: np.ndarray, dtype: type) -> np.ndarray:
    """8-bit levels as a picture of ``dtype``."""
    scale = 1.0 if dtype == np.uint8 else 257.0
    return np.clip(np.rint(levels * scale), 0, np.iinfo(dtype).max).astype(dtype)


def disc(height: int, width: int, centre: tuple[int, int], radius: int) -> np.ndarray:
    """A round hole, H x W bool; ``centre`` is (x, y)."""
    y, x = np.mgrid[0:height, 0:width]
    return (x - centre[0]) ** 2 + (y - centre[1]) ** 2 <= radius * radius
