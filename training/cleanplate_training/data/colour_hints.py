"""Colour hints as a user gives them: a few points with a colour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def colour_hints(
    chroma: NDArray[np.float32], rng: np.random.Generator, *, none: float = 0.5, most: int = 24, side: int = 9
) -> NDArray[np.float32]:
    """Return hints for a picture, float32 3 x H x W: Cb, Cr and 1 where given, else zeros.

    Args:
        chroma: float32 2 x H x W, the true colours.
        rng: source of randomness.
        none: share of pictures without any hint.
        most: greatest number of points; few are more frequent.
        side: greatest side of the square around a point that gets the colour, in pixels.
    """
    _, height, width = chroma.shape
    hints = np.zeros((3, height, width), np.float32)
    if rng.random() < none:
        return hints
    for _ in range(min(most, int(rng.geometric(0.15)))):
        reach = int(rng.integers(0, (side + 1) // 2))
        y, x = int(rng.integers(0, height)), int(rng.integers(0, width))
        spot = np.s_[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
        colour = chroma[(slice(None), *spot)].mean(axis=(1, 2)) + rng.normal(0, 0.01, 2)
        hints[(slice(0, 2), *spot)] = colour[:, None, None]
        hints[(2, *spot)] = 1
    return hints
