"""The alpha of the frame before, simulated from the alpha of a still.

A person moves a little between two frames, and the network's own last alpha was not perfect. So the previous alpha is
the present one moved, turned and scaled, bent, and damaged; or nothing at all, as after a cut.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PreviousAlpha:
    """Draws a previous alpha.

    Attributes:
        given: probability that there is one; otherwise zeros.
        foreign: probability that what is given belongs to another scene (one bad frame must not spoil the next).
        shift: largest movement, as a share of the side.
        turn: largest turn in degrees.
        scale: largest change of size, as a share.
        bend: standard deviation of the smooth deformation, as a share of the side.
        damage: probability that a part is missing or added.
    """

    given: float = 0.7
    foreign: float = 0.05
    shift: float = 0.05
    turn: float = 5.0
    scale: float = 0.06
    bend: float = 0.006
    damage: float = 0.3

    def __call__(self, alpha: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        """Return float32 H x W in 0..1 for the present ``alpha`` of the same kind."""
        if rng.random() >= self.given:
            return np.zeros_like(alpha)
        moved = self._moved(alpha, rng)
        if rng.random() < self.foreign:
            moved = np.ascontiguousarray(np.roll(moved[:, ::-1], int(rng.integers(moved.shape[1])), axis=1))
        if rng.random() < self.damage:
            moved = _damaged(moved, rng)
        return np.clip(moved, 0, 1)

    def _moved(self, alpha: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        height, width = alpha.shape
        angle = math.radians(rng.uniform(-self.turn, self.turn))
        size = 1 + rng.uniform(-self.scale, self.scale)
        # Most frames move little: the cube of an even draw.
        across, down = self.shift * rng.uniform(-1, 1, 2) ** 3 * (width, height)
        y, x = np.mgrid[:height, :width].astype(np.float32)
        dx, dy = x - width / 2, y - height / 2
        cosine, sine = math.cos(angle) / size, math.sin(angle) / size
        bend = [self._bend(alpha.shape, rng) for _ in range(2)]
        map_x = cosine * dx - sine * dy + width / 2 + across + bend[0] * width
        map_y = sine * dx + cosine * dy + height / 2 + down + bend[1] * height
        return np.asarray(
            cv2.remap(
                alpha,
                map_x.astype(np.float32),
                map_y.astype(np.float32),
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            np.float32,
        )

    def _bend(self, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
        coarse = rng.normal(0, self.bend, (6, 6)).astype(np.float32)
        return np.asarray(cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), np.float32)


def _damaged(alpha: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """The alpha blurred, or with a blob taken away or added."""
    if rng.random() < 0.4:
        return np.asarray(cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.8, 6)), np.float32)
    height, width = alpha.shape
    blob = np.zeros_like(alpha)
    centre = int(rng.integers(width)), int(rng.integers(height))
    axes = tuple(int(side) for side in rng.integers(max(2, width // 30), max(3, width // 6), 2))
    cv2.ellipse(blob, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
    blob = np.asarray(cv2.GaussianBlur(blob, (0, 0), rng.uniform(1, 6)), np.float32)
    return alpha * (1 - blob) if rng.random() < 0.6 else np.maximum(alpha, blob)
