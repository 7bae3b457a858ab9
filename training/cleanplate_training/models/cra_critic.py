"""The critic of contextual residual aggregation (Yi et al., CVPR 2020, arXiv 2005.09704)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

_GRID = 8
"""Features are pooled to this side before the linear layer, so that one critic serves every picture size."""


class CraCritic(nn.Module):
    """Six 5x5 convolutions of stride 2 with spectral norm and one linear layer: one score a picture.

    Args:
        width: Channels of the first layer; 64 in the paper.
        with_mask: Look at the mask too, as a fourth channel.
    """

    def __init__(self, *, width: int = 64, with_mask: bool = False) -> None:
        super().__init__()
        self.with_mask = with_mask
        widths = (width, 2 * width, 4 * width, 4 * width, 4 * width, 4 * width)
        inputs = (4 if with_mask else 3, *widths[:-1])
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(before, after, 5, 2, 2)) for before, after in zip(inputs, widths, strict=True)
        )
        self.score = nn.Linear(widths[-1] * _GRID * _GRID, 1)

    def forward(self, picture: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return scores ``N`` for pictures ``N x 3 x H x W`` in -1..1 (and masks ``N x 1 x H x W`` if it takes them).

        H and W are at least 64.
        """
        x = picture
        if self.with_mask:
            assert mask is not None
            x = torch.cat([picture, mask], dim=1)
        for layer in self.layers:
            x = functional.leaky_relu(layer(x), 0.2)
        scores: Tensor = self.score(functional.adaptive_avg_pool2d(x, _GRID).flatten(1))
        return scores.squeeze(1)
