"""Box head: what each proposal shows, and its exact box (Fast R-CNN, arXiv 1504.08083)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

BOX_SIDE = 7
"""Bins across and down of the features of a proposal."""
OFFSET_WEIGHTS = (10.0, 10.0, 5.0, 5.0)
"""Weights of the coded offsets."""


class BoxHead(nn.Module):
    """Two fully connected layers over ``K x C x 7 x 7``."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.fc6 = nn.Linear(channels * BOX_SIDE**2, width)
        self.fc7 = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``K x C x 7 x 7`` to ``K x width``."""
        return functional.relu(self.fc7(functional.relu(self.fc6(x.flatten(1)))))


class BoxPredictor(nn.Module):
    """Class and, for each class, offsets of the box.

    Args:
        width: Of the head.
        classes: Number of classes, the background (class 0) included.
    """

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.cls_score = nn.Linear(width, classes)
        self.bbox_pred = nn.Linear(width, 4 * classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map ``K x width`` to float32 ``K x classes`` logits and ``K x classes x 4`` offsets."""
        offsets = self.bbox_pred(x).float()
        logits: Tensor = self.cls_score(x).float()
        return logits, torch.reshape(offsets, (-1, offsets.shape[1] // 4, 4))
