"""Silver mirroring: a bluish sheen on the shadows along the border of gelatin silver prints.

What lies below still shows, so it counts as age and not as damage to be repainted.
"""

from __future__ import annotations

import numpy as np

from cleanplate_training.data.damage.mark import Plane
from cleanplate_training.data.damage.texture import fractal, soft_step


def mirrored(picture: Plane, rng: np.random.Generator) -> Plane:
    """Return the picture (float32 H x W x 3, 0..1) with a sheen on its dark parts near the border."""
    height, width = picture.shape[:2]
    side = min(height, width)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    border = np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y))
    uneven = fractal(rng, height, width, 0.3 * side, octaves=4)
    reach = rng.uniform(0.05, 0.35) * side
    near = soft_step(np.asarray(reach * (0.6 + 0.5 * uneven) - border, np.float32), 0.8 * reach)
    dark = np.clip(1 - 1.6 * picture.mean(axis=2), 0, 1)
    sheen = np.array([0.62, 0.66, 0.74], np.float32) * np.float32(rng.uniform(0.6, 1.0))
    amount = (rng.uniform(0.15, 0.6) * near * dark)[..., None]
    return np.asarray(picture + amount * (sheen - picture), np.float32)


def share(before: Plane, after: Plane) -> float:
    """Return the share of pixels on which the sheen can be seen."""
    return float((np.abs(after - before).max(axis=2) > 0.04).mean())
