"""Mask head: which pixels of a box belong to the object (arXiv 1703.06870)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from cleanplate_training.models.fpn import separable

MASK_SIDE = 14
"""Bins across and down of the features of a detection; its mask has twice as many pixels."""


class MaskHead(nn.Sequential):
    """3x3 convolutions over ``K x C x 14 x 14``.

    Args:
        channels: Of the pyramid.
        width: Channels of each convolution.
        depth: How many.
        light: Filter each channel alone, then mix by 1x1.
    """

    def __init__(self, channels: int, width: int, depth: int, *, light: bool = False) -> None:
        layers: list[nn.Module] = []
        for place in range(depth):
            before = width if place else channels
            own = separable(before, width) if light else nn.Sequential(nn.Conv2d(before, width, 3, padding=1))
            layers.append(nn.Sequential(*own, nn.ReLU()))
        super().__init__(*layers)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out" if layer.groups == 1 else "fan_in")
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)


class MaskPredictor(nn.Module):
    """Twice the resolution, then one plane a class.

    Args:
        channels: Of the head.
        width: Channels at twice the resolution.
        classes: Number of classes, the background included.
    """

    def __init__(self, channels: int, width: int, classes: int) -> None:
        super().__init__()
        self.conv5_mask = nn.ConvTranspose2d(channels, width, 2, 2)
        self.mask_fcn_logits = nn.Conv2d(width, classes, 1)
        for layer in (self.conv5_mask, self.mask_fcn_logits):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out")
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``K x C x 14 x 14`` to float32 ``K x classes x 28 x 28`` logits."""
        logits: Tensor = self.mask_fcn_logits(functional.relu(self.conv5_mask(x)))
        return logits.float()
