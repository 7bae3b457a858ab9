"""Adversarial losses: Wasserstein with gradient penalty, and hinge.

Wasserstein: Arjovsky et al. 2017 (arXiv 1701.07875); gradient penalty: Gulrajani et al. 2017 (arXiv 1704.00028);
hinge: Lim and Ye 2017 (arXiv 1705.02894).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate_training.engine import plain


def wasserstein_critic(real: Tensor, fake: Tensor) -> Tensor:
    """Return the critic's loss from its scores (any shape) of real and of generated pictures."""
    return fake.mean() - real.mean()


def hinge_critic(real: Tensor, fake: Tensor) -> Tensor:
    """Return the critic's hinge loss from its scores (any shape) of real and of generated pictures."""
    return functional.relu(1 - real).mean() + functional.relu(1 + fake).mean()


def generator(fake: Tensor) -> Tensor:
    """Return the generator's loss for either critic from the scores of its pictures."""
    return -fake.mean()


def gradient_penalty(
    critic: nn.Module, real: Tensor, fake: Tensor, *, area: Tensor | None = None, mask: Tensor | None = None
) -> Tensor:
    """Return the mean of (length of the critic's gradient - 1) squared between real and generated pictures.

    Computed in float32 whatever the precision of the run: it is a gradient that gets differentiated again. The
    phase must also call ``critic`` on pictures in the usual way.

    Args:
        critic: Maps ``N x C x H x W`` to scores, at least one a picture.
        real: Real pictures.
        fake: Generated pictures of the same shape.
        area: 1 where the gradient counts (the hole), ``N x 1 x H x W``; None for everywhere.
        mask: What the critic takes as its second argument; None for critics that take one.
    """
    device = real.device
    with torch.autocast(device.type, enabled=False):
        share = torch.rand(len(real), 1, 1, 1, device=device)
        between = torch.lerp(real.detach().float(), fake.detach().float(), share).requires_grad_(True)
        scores = plain(critic)(between) if mask is None else plain(critic)(between, mask.float())
        (slope,) = torch.autograd.grad(scores.sum(), between, create_graph=True)
        if area is not None:
            slope = slope * area
        # The root of zero has no finite slope.
        length = (slope.flatten(1).square().sum(dim=1) + 1e-12).sqrt()
        return (length - 1).square().mean()
