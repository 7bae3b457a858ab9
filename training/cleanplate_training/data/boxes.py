"""Boxes: of masks, and how they lie to each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def box_of(mask: NDArray[np.bool_]) -> Box:
    """Left, top, right, bottom (end exclusive) of a bool H x W mask that is not empty."""
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def overlap(one: Box, other: Box) -> float:
    """Return the intersection over union of two boxes."""
    both = shared(one, other)
    return both / max(1e-9, area(one) + area(other) - both)


def covered(box: Box, other: Box) -> float:
    """Return how much of a box lies in another, 0..1."""
    return shared(box, other) / max(1e-9, area(box))


def shared(one: Box, other: Box) -> float:
    """Return the area that two boxes have in common."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, width) * max(0.0, height)


def area(box: Box) -> float:
    """Return the area of a box."""
    return (box[2] - box[0]) * (box[3] - box[1])
