"""Drawing more often what a network fails on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class HardSamples:
    """Remembers how well each training sample was last segmented, and how often it should be drawn.

    Args:
        count: number of samples.
        strength: 0 = all alike; a sample with an IoU of 0 is drawn ``1 + strength`` times as often as one with 1.

    Attributes:
        ious: float64 (count,), last IoU of each sample; samples not yet seen have the mean of those seen.
    """

    def __init__(self, count: int, *, strength: float) -> None:
        self.strength = strength
        self.ious = np.full(count, np.nan)

    def saw(self, places: NDArray[np.int64], ious: NDArray[np.float64]) -> None:
        """Remember the IoUs (0..1) of the samples at ``places``."""
        self.ious[places] = ious

    def weights(self) -> NDArray[np.float64] | None:
        """Return float64 (count,) relative frequencies, or None while nothing is known or all are to be alike."""
        known = ~np.isnan(self.ious)
        if self.strength == 0 or not known.any():
            return None
        filled = np.where(known, self.ious, self.ious[known].mean())
        return 1 + self.strength * (1 - filled)
