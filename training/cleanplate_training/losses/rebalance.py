"""Weights of colours by how rare they are (Zhang et al. 2016, arXiv 1603.08511, section 2.2).

Most pixels of photographs are nearly grey or brown; without weights a network that paints everything brown is hard to
beat.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

_BINS, _REACH = 24, 0.36
"""Bins along Cb and along Cr, over -_REACH.._REACH; what lies beyond counts in the outermost."""
_LEAST = 1e-6
"""Share of pixels below which a colour counts as one that does not occur."""


class ChromaBalance:
    """A running histogram of chroma, and the weight of each pixel that follows from it.

    Args:
        uniform: Share of the uniform distribution that is mixed in: 1 = all colours weigh alike.
        decay: Of the running mean over batches.
    """

    def __init__(self, *, uniform: float = 0.5, decay: float = 0.999) -> None:
        self.uniform, self.decay = uniform, decay
        self._histogram = torch.full((_BINS, _BINS), 1.0 / _BINS**2)
        self._batches = 0

    def weights(self, chroma: Tensor) -> Tensor:
        """Take in a batch ``N x 2 x H x W`` in -0.5..0.5 and return its weights ``N x 1 x H x W``, of mean about 1."""
        places = ((chroma.detach() / _REACH + 1) * _BINS / 2).long().clamp(0, _BINS - 1)
        flat = (places[:, 0] * _BINS + places[:, 1]).flatten()
        fresh = torch.bincount(flat, minlength=_BINS**2).float().cpu().view(_BINS, _BINS) / flat.numel()
        self._batches += 1
        keep = min(self.decay, 1 - 1 / self._batches)
        self._histogram = keep * self._histogram + (1 - keep) * fresh
        table = self._table().to(chroma.device)
        return table.flatten()[flat].view(len(chroma), 1, *chroma.shape[2:])

    def _table(self) -> Tensor:
        """The weight of each bin."""
        padded = functional.pad(self._histogram[None, None], (1, 1, 1, 1), mode="replicate")
        smooth = functional.avg_pool2d(padded, 3, 1)[0, 0]
        smooth = smooth / smooth.sum()
        occurs = smooth > _LEAST
        rare = 1 / ((1 - self.uniform) * smooth.clamp(min=_LEAST) + self.uniform / occurs.sum())
        return rare / (rare * smooth).sum()

    def state(self) -> dict[str, Any]:
        """What is to be remembered over a stop."""
        return {"histogram": self._histogram, "batches": self._batches}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what :meth:`state` returned."""
        self._histogram, self._batches = state["histogram"].float().cpu(), int(state["batches"])
