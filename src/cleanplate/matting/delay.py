"""Smoothing with one frame of delay: a single frame that disagrees with both its neighbours is corrected.

As in MODNet (Ke et al., AAAI 2022, arXiv 2011.11961, section 4.4, "one-frame delay").
"""

from __future__ import annotations

import numpy as np

from cleanplate.types import Alpha

AGREE = 0.1
"""Neighbours that differ by less agree with each other; the frame between must differ from both by more."""


def smooth(before: Alpha, alpha: Alpha, after: Alpha) -> Alpha:
    """Replace flickering pixels of ``alpha`` by the mean of the frames before and after.

    Args:
        before: alpha of the frame before, H x W float32 in 0..1.
        alpha: of the frame itself.
        after: of the frame after.

    Returns:
        A new alpha; none of the three is changed.
    """
    agree = np.abs(before - after) <= AGREE
    differ = (np.abs(alpha - before) > AGREE) & (np.abs(alpha - after) > AGREE)
    return np.where(agree & differ, (before + after) * np.float32(0.5), alpha)
