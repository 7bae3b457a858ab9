"""Loss of defect detection: cross-entropy balanced by how rare damage is, plus Dice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor


class DamageRatio:
    """Clean pixels for each damaged one, as a running mean over batches: the weight of a damaged pixel.

    Args:
        most: The weight's limit, so that a run of whole pictures does not make it explode.
        decay: Of the running mean.
    """

    def __init__(self, *, most: float = 30.0, decay: float = 0.99) -> None:
        self.most, self.decay = most, decay
        self.share, self._batches = 0.05, 0

    def saw(self, mask: Tensor) -> float:
        """Take in a batch of masks (``N x 1 x H x W``, 1 = damaged) and return the weight."""
        self._batches += 1
        # The first batches count fully, so that the first guess is soon forgotten.
        keep = min(self.decay, 1 - 1 / self._batches)
        self.share = keep * self.share + (1 - keep) * float(mask.mean())
        return self.weight

    @property
    def weight(self) -> float:
        """The weight of a damaged pixel, at least 1."""
        share = max(self.share, 1e-6)
        return max(1.0, min(self.most, (1 - share) / share))

    def state(self) -> dict[str, Any]:
        """What is to be remembered over a stop."""
        return {"share": self.share, "batches": self._batches}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what :meth:`state` returned."""
        self.share, self._batches = float(state["share"]), int(state["batches"])
