"""A small critic of colours with self-attention (Zhang et al. 2018, arXiv 1805.08318) and spectral norm.

Self-attention lets it compare places that lie far apart: two sleeves of one coat should have one colour.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm


class SelfAttention(nn.Module):
    """Adds to each place what similar places hold, with a weight that starts at zero.

    Args:
        channels: Of the features; at least 8.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(4, channels // 8)
        self.query = spectral_norm(nn.Conv2d(channels, inner, 1, bias=False))
        self.key = spectral_norm(nn.Conv2d(channels, inner, 1, bias=False))
        self.value = spectral_norm(nn.Conv2d(channels, channels // 2, 1, bias=False))
        self.out = spectral_norm(nn.Conv2d(channels // 2, channels, 1, bias=False))
        self.gain = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Attend over ``N x C x H x W``; keys and values at half the resolution."""
        query = self.query(x).flatten(2).transpose(1, 2)
        key = functional.max_pool2d(self.key(x), 2).flatten(2)
        value = functional.max_pool2d(self.value(x), 2).flatten(2)
        weights = (query @ key).softmax(dim=-1)
        seen = (weights @ value.transpose(1, 2)).transpose(1, 2).unflatten(2, x.shape[2:])
        return cast(Tensor, x + self.gain * self.out(seen))


class ColourCritic(nn.Module):
    """Scores patches of pictures given as light and chroma.

    Args:
        width: Channels of the first layer.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        widths = (width, 2 * width, 4 * width, 4 * width)
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(before, after, 4, 2, 1))
            for before, after in zip((3, *widths[:-1]), widths, strict=True)
        )
        self.attention = SelfAttention(widths[2])
        self.score = spectral_norm(nn.Conv2d(widths[3], 1, 3, 1, 1))

    def forward(self, luma: Tensor, chroma: Tensor) -> Tensor:
        """Return scores ``N x 1 x H/16 x W/16`` of light ``N x 1 x H x W`` in 0..1 and chroma in -0.5..0.5."""
        x = torch.cat([2 * luma - 1, 4 * chroma], dim=1)
        for place, layer in enumerate(self.layers):
            x = functional.leaky_relu(layer(x), 0.2)
            if place == 2:
                x = self.attention(x)
        scores: Tensor = self.score(x)
        return scores
