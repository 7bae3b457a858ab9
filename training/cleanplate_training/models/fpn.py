"""Feature pyramid: features of every resolution that have seen the coarse ones too (arXiv 1612.03144)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional


class FeaturePyramid(nn.Module):
    """Top-down pyramid over the features of a backbone, with one more, coarser level for proposals.

    Args:
        in_channels: Channels of the backbone's features, finest first.
        channels: Channels of every level of the pyramid.
        light: Filter the levels by a 3x3 of each channel alone and a 1x1, with batch norm: a ninth of the work.

    Attributes:
        channels: As given.
    """

    def __init__(self, in_channels: Sequence[int], channels: int, *, light: bool = False) -> None:
        super().__init__()
        self.channels = channels
        self.inner_blocks = nn.ModuleList(nn.Sequential(nn.Conv2d(each, channels, 1)) for each in in_channels)
        self.layer_blocks = nn.ModuleList(
            separable(channels, channels) if light else nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1))
            for _ in in_channels
        )
        for block in self.modules():
            if isinstance(block, nn.Conv2d):
                nn.init.kaiming_uniform_(block.weight, a=1)
                if block.bias is not None:
                    nn.init.zeros_(block.bias)

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Map ``N x C_i x H_i x W_i``, finest first, to one level more of ``N x channels x ...``."""
        inner = [block(each) for block, each in zip(self.inner_blocks, features, strict=True)]
        merged = [inner[-1]]
        for each in reversed(inner[:-1]):
            merged.insert(0, each + functional.interpolate(merged[0], size=each.shape[-2:], mode="nearest"))
        levels = [block(each) for block, each in zip(self.layer_blocks, merged, strict=True)]
        return [*levels, functional.max_pool2d(levels[-1], 1, 2)]


def separable(in_channels: int, out_channels: int) -> nn.Sequential:
    """Return a 3x3 filter of each channel, then a 1x1 over the channels with batch norm (arXiv 1704.04861)."""
    return nn.Sequential(
        nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False),
        nn.Conv2d(in_channels, out_channels, 1, bias=False),
        nn.BatchNorm2d(out_channels),
    )
