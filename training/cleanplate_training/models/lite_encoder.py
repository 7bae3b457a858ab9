"""EfficientNet-lite0 without its last blocks: most of its weights lie there, and segmentation needs few of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.errors import ArgumentError
from cleanplate_training.models import efficientnet_lite
from cleanplate_training.models.efficientnet_lite import EfficientNetLite

FULL_DEPTHS = (1, 2, 2, 3, 3, 4, 1)
"""Blocks in each of the seven stages of EfficientNet-lite0."""


class LiteEncoder(nn.Module):
    """The stages of EfficientNet-lite0, of which the later blocks may be left out.

    Args:
        depths: Blocks kept in each of the seven stages; the last stage may have none.
        in_channels: Input planes; those beyond three start with zero weights.
        pretrained: Start from ImageNet weights.

    Attributes:
        channels: Channels of each tensor of :meth:`features`.
        strides: Input pixels per cell of each of them.
        multiple: Sides of the input are multiples of this.

    Raises:
        ArgumentError: depths that the network does not have.
    """

    def __init__(self, depths: Sequence[int] = FULL_DEPTHS, *, in_channels: int = 3, pretrained: bool = True) -> None:
        super().__init__()
        fits = len(depths) == len(FULL_DEPTHS) and all(
            low <= kept <= full for low, kept, full in zip((1,) * 6 + (0,), depths, FULL_DEPTHS, strict=True)
        )
        if not fits:
            raise ArgumentError(f"must be at most {FULL_DEPTHS}, not {tuple(depths)}", subject="depths")
        whole: EfficientNetLite = efficientnet_lite.load(
            "lite0", pretrained=pretrained, in_channels=in_channels, head=False
        ).train()
        if not pretrained:
            with torch.no_grad():
                whole.stem.weight[:, 3:] = 0
        self.stem, self.stem_norm = whole.stem, whole.stem_norm
        stages = [list(stage.children())[:depth] for stage, depth in zip(whole.stages, depths, strict=True)]
        self.stages = nn.ModuleList(nn.Sequential(*blocks) for blocks in stages if blocks)
        last = whole.channels[4] if depths[6] else 192
        self.channels = (*whole.channels[:4], last)
        self.strides = (2, 4, 8, 16, 32)
        self.multiple = 32

    def features(self, x: Tensor) -> list[Tensor]:
        """Return features at 1/2, 1/4, 1/8, 1/16 and 1/32."""
        levels: list[Tensor] = self(x)
        return levels

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return features at 1/2, 1/4, 1/8, 1/16 and 1/32."""
        x = functional.relu6(self.stem_norm(self.stem(x)))
        levels = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in (0, 1, 2, 4) or index == len(self.stages) - 1:
                levels.append(x)
        return levels
