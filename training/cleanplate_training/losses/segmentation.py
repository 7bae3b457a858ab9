"""Losses of binary masks: balanced cross-entropy, soft Dice, soft IoU."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def cross_entropy(logits: Tensor, target: Tensor, *, positive_weight: float = 1.0) -> Tensor:
    """Return the mean binary cross-entropy.

    Args:
        logits: ``N x 1 x H x W``, before the sigmoid.
        target: Same shape, 0..1.
        positive_weight: Factor of the pixels in the mask; (clean / marked) pixels where marks are rare.
    """
    weight = torch.as_tensor(positive_weight, dtype=logits.dtype, device=logits.device)
    return functional.binary_cross_entropy_with_logits(logits, target, pos_weight=weight)


def dice(logits: Tensor, target: Tensor, *, smooth: float = 1.0) -> Tensor:
    """Return 1 - the mean soft Dice coefficient of the pictures (Milletari et al. 2016, arXiv 1606.04797).

    Args:
        logits: ``N x 1 x H x W``, before the sigmoid.
        target: Same shape, 0..1.
        smooth: Added to both parts of the ratio, in pixels, so that empty masks count as right when left empty.
    """
    guess = logits.sigmoid()
    overlap = (guess * target).sum(dim=(1, 2, 3))
    sizes = guess.sum(dim=(1, 2, 3)) + target.sum(dim=(1, 2, 3))
    return (1 - (2 * overlap + smooth) / (sizes + smooth)).mean()


def soft_iou(logits: Tensor, target: Tensor, *, smooth: float = 1.0) -> Tensor:
    """Return 1 - the mean soft intersection over union of the pictures (Rahman and Wang 2016).

    Args:
        logits: ``N x 1 x H x W``, before the sigmoid.
        target: Same shape, 0..1.
        smooth: Added to both parts of the ratio, in pixels.
    """
    guess = logits.sigmoid()
    overlap = (guess * target).sum(dim=(1, 2, 3))
    union = (guess + target - guess * target).sum(dim=(1, 2, 3))
    return (1 - (overlap + smooth) / (union + smooth)).mean()
