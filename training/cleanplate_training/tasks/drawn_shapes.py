"""Drawn shapes on a textured ground with exact masks: a data set without files, for trying out the whole chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


class DrawnShapes:
    """Pictures of ellipses and rectangles (the mask) among lines (not the mask).

    Args:
        count: Examples in one pass.
        size: Side of the pictures.
    """

    def __init__(self, count: int, *, size: int) -> None:
        self.count, self.size = count, size

    def __len__(self) -> int:
        """Number of examples in one pass."""
        return self.count

    def draw(self, index: int, rng: np.random.Generator) -> Mapping[str, Any]:
        """Return ``image`` (float32 3 x size x size, 0..1) and ``mask`` (float32 1 x size x size, 0 or 1)."""
        picture = _ground(rng, self.size)
        for _ in range(3):
            ends = rng.integers(0, self.size, 4).tolist()
            cv2.line(picture, (ends[0], ends[1]), (ends[2], ends[3]), _colour(rng), 1)
        mask = np.zeros((self.size, self.size), np.uint8)
        for _ in range(int(rng.integers(1, 4))):
            _shape(rng, picture, mask)
        noisy = picture.astype(np.float32) / 255 + rng.normal(0, 0.02, picture.shape).astype(np.float32)
        image = np.ascontiguousarray(noisy.clip(0, 1).transpose(2, 0, 1))
        return {"image": image, "mask": mask[None].astype(np.float32)}


def _ground(rng: np.random.Generator, size: int) -> NDArray[np.uint8]:
    coarse = rng.integers(60, 200, (4, 4, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC), np.uint8)


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = rng.integers(0, 256, 3).tolist()
    return red, green, blue


def _shape(rng: np.random.Generator, picture: NDArray[np.uint8], mask: NDArray[np.uint8]) -> None:
    """Draw one filled shape into the picture and into the mask."""
    size = len(mask)
    x, y = rng.integers(0, size, 2).tolist()
    width, height = rng.integers(size // 8 + 1, size // 3 + 2, 2).tolist()
    colour, angle, is_ellipse = _colour(rng), float(rng.uniform(0, 180)), rng.random() < 0.5
    for target, value in ((picture, colour), (mask, (1, 1, 1))):
        if is_ellipse:
            cv2.ellipse(target, (x, y), (width, height), angle, 0, 360, value, -1)
        else:
            cv2.rectangle(target, (x, y), (x + width, y + height), value, -1)
