"""The U-Net of the paper (Ronneberger et al. 2015, arXiv 1505.04597): pooling down, 2x2 up-convolutions.

:mod:`cleanplate_training.models.unet` is the one that cleanplate uses, with strided convolutions and a pretrained
encoder. This one is for comparison, and differs from the paper in two points only: convolutions pad, so that output
and input have the same size (the paper tiles with mirrored borders), and batch norm follows each of them where it is
asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.errors import ArgumentError

PAPER_WIDTHS = (64, 128, 256, 512, 1024)
"""Channels of the five resolutions of the paper's figure 1, finest first."""


class PaperUNet(nn.Module):
    """U-Net for pictures of any size that is a multiple of :attr:`multiple`.

    Args:
        widths: Channels of each resolution, finest first; at least two.
        in_channels: Input planes.
        out_channels: Output planes (logits; no activation).
        batch_norm: Normalise after each 3x3 convolution, without which small batches learn slowly from scratch.

    Attributes:
        multiple: Sides of the input are multiples of this.

    Raises:
        ArgumentError: fewer than two widths.
    """

    def __init__(
        self,
        widths: Sequence[int] = PAPER_WIDTHS,
        *,
        in_channels: int = 3,
        out_channels: int = 1,
        batch_norm: bool = True,
    ) -> None:
        super().__init__()
        if len(widths) < 2:
            raise ArgumentError(f"must have at least 2 entries, not {len(widths)}", subject="widths")
        self.multiple = 1 << (len(widths) - 1)
        inputs = (in_channels, *widths[:-1])
        self.down = nn.ModuleList(_pair(a, b, batch_norm) for a, b in zip(inputs, widths, strict=True))
        below = list(reversed(widths))
        self.enlarge = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, stride=2) for a, b in pairwise(below))
        self.up = nn.ModuleList(_pair(2 * width, width, batch_norm) for width in below[1:])
        self.output = nn.Conv2d(widths[0], out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``N x in x H x W`` to logits ``N x out x H x W``; H and W are multiples of :attr:`multiple`."""
        skips: list[Tensor] = []
        for level, block in enumerate(self.down):
            x = block(functional.max_pool2d(x, 2) if level else x)
            skips.append(x)
        for enlarge, block, skip in zip(self.enlarge, self.up, reversed(skips[:-1]), strict=True):
            x = block(torch.cat([skip, enlarge(x)], dim=1))
        logits: Tensor = self.output(x)
        return logits


def _pair(in_channels: int, out_channels: int, batch_norm: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (in_channels, out_channels):
        layers.append(nn.Conv2d(channels, out_channels, 3, padding=1, bias=not batch_norm))
        if batch_norm:
            layers.append(nn.BatchNorm2d(out_channels))
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)
