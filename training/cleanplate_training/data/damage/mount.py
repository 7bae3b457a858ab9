"""Borders that belong to the print: white or cream margins with a key line. They are no damage: not to be found."""

from __future__ import annotations

import numpy as np

from cleanplate_training.data.damage.mark import Plane
from cleanplate_training.data.damage.toning import Colour


def mounted(picture: Plane, rng: np.random.Generator, paper: Colour) -> Plane:
    """Return the picture (float32 H x W x 3, 0..1) with a margin of bare paper or dark ground inside its size."""
    height, width = picture.shape[:2]
    margins = (rng.uniform(0.0, 0.07, 4) * min(height, width) * (rng.random(4) < 0.8)).astype(int)
    left, top, right, bottom = (int(margin) for margin in margins)
    out = picture.copy()
    colour = np.array(paper, np.float32) * np.float32(rng.uniform(0.88, 1.0))
    if rng.random() < 0.2:
        colour = np.full(3, rng.uniform(0.02, 0.1), np.float32)
    outside = np.ones((height, width), np.bool_)
    outside[top : height - bottom, left : width - right] = False
    out[outside] = colour
    if rng.random() < 0.3:
        line = np.float32(rng.uniform(0.0, 0.3))
        out[top : height - bottom, left : left + 1] = out[top : top + 1, left : width - right] = line
    return out
