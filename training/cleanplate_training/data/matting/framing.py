"""Where a figure's head is, and crops around it: close-ups out of full figures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cleanplate_training.data.augment.geometry import cropped
from cleanplate_training.data.boxes import box_of
from cleanplate_training.data.sample import Sample


def head_of(alpha: NDArray[np.uint8]) -> tuple[float, float, float] | None:
    """Guess the head of the tallest figure from its outline.

    Args:
        alpha: uint8 H x W.

    Returns:
        Middle of the head (x, y) and its height in pixels, or None where nothing stands upright.
    """
    solid = alpha > 127
    if np.count_nonzero(solid) < 300:
        return None
    left, top, right, bottom = (int(edge) for edge in box_of(solid))
    width, height = right - left, bottom - top
    if height < 0.8 * width:
        return None
    # A head is about an eighth of a whole figure and a third of head and shoulders; the aspect tells which it is.
    size = height * float(np.clip(0.42 * width / height, 0.13, 0.4))
    crown = np.nonzero(solid[top : top + max(3, round(size))].any(axis=0))[0]
    return float(crown.mean()), top + size / 2, size


def portrait(sample: Sample, rng: np.random.Generator) -> Sample:
    """Crop to head and shoulders, or to the upper half of the body; the sample itself where no head is found."""
    head = None if sample.alpha is None else head_of(sample.alpha)
    if head is None:
        return sample
    x, y, size = head
    height, width = sample.picture.shape[:2]
    tall = size * rng.uniform(1.8, 5.0)
    wide = tall * rng.uniform(0.7, 1.4)
    top = y - size * rng.uniform(0.6, 1.4)
    left = x - wide * rng.uniform(0.35, 0.65)
    x0, y0 = max(0, round(left)), max(0, round(top))
    x1, y1 = min(width, round(left + wide)), min(height, round(top + tall))
    if x1 - x0 < 48 or y1 - y0 < 48:
        return sample
    return cropped(sample, x0, y0, x1 - x0, y1 - y0)
