"""The losses of MODNet (arXiv 2011.11961), one for each of its branches, and two on the edges of the matte.

All take and return float32; alphas are ``N x 1 x H x W`` in 0..1, pictures ``N x 3 x H x W`` in 0..1.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_EPSILON = 1e-6
"""Keeps the root of the smooth L1 distance differentiable at 0."""


def semantic_loss(coarse: Tensor, alpha: Tensor) -> Tensor:
    """Squared distance between the coarse prediction and the blurred alpha of the same small size.

    Args:
        coarse: ``N x 1 x H/16 x W/16`` (any whole fraction of the size works).
        alpha: The true matte.
    """
    factor = alpha.shape[-1] // coarse.shape[-1]
    return functional.mse_loss(coarse, blurred(functional.avg_pool2d(alpha, factor)))


def blurred(alpha: Tensor) -> Tensor:
    """The alpha under a 3 x 3 binomial filter, which takes fine structures (hair) out of the semantic target."""
    line = alpha.new_tensor([0.25, 0.5, 0.25])
    padded = functional.pad(alpha, (1, 1, 1, 1), mode="replicate")
    return functional.conv2d(padded, (line[:, None] * line[None, :])[None, None])


def boundary_band(alpha: Tensor, radius: int = 8) -> Tensor:
    """Where detail counts: 1.0 within ``radius`` pixels of a soft pixel or of the step between 0 and 1, else 0.0."""
    side = 2 * radius + 1
    highest = functional.max_pool2d(alpha, side, 1, radius)
    lowest = -functional.max_pool2d(-alpha, side, 1, radius)
    return (highest - lowest > 0.05).to(alpha.dtype)


def detail_loss(detail: Tensor, alpha: Tensor, band: Tensor) -> Tensor:
    """Mean absolute difference inside the band (0 where no picture of the batch has one)."""
    return (band * smooth_l1(detail, alpha)).sum() / band.sum().clamp(min=1)


def alpha_loss(predicted: Tensor, alpha: Tensor, band: Tensor, *, emphasis: float = 3.0) -> Tensor:
    """Mean absolute difference, pixels of the band counting ``1 + emphasis`` times."""
    return ((1 + emphasis * band) * smooth_l1(predicted, alpha)).mean()


def composition_loss(predicted: Tensor, alpha: Tensor, image: Tensor, band: Tensor, *, emphasis: float = 3.0) -> Tensor:
    """Mean absolute difference between the picture's foregrounds cut out by both alphas: errors that would be seen."""
    gap = smooth_l1(predicted * image, alpha * image)
    return ((1 + emphasis * band) * gap).mean()


def gradient_loss(predicted: Tensor, alpha: Tensor) -> Tensor:
    """Mean absolute difference of the horizontal and vertical steps from pixel to pixel."""
    gap = predicted - alpha
    across = (gap[..., :, 1:] - gap[..., :, :-1]).abs().mean()
    down = (gap[..., 1:, :] - gap[..., :-1, :]).abs().mean()
    return across + down


def smooth_l1(one: Tensor, other: Tensor) -> Tensor:
    """Absolute difference with a differentiable valley."""
    return torch.sqrt((one - other).square() + _EPSILON)
