"""ResNet-50 as the backbone of a detector (He et al., arXiv 1512.03385), in the layout of torchvision's checkpoints.

The stride of a stage lies in the 3x3 convolution of its first block, as in those checkpoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

_STAGES = ((3, 64, 1), (4, 128, 2), (6, 256, 2), (3, 512, 2))
"""Blocks, inner channels and stride."""


class FrozenBatchNorm(nn.Module):
    """Batch norm whose statistics and weights are constants: a scale and a shift of each channel.

    Checkpoints of ordinary batch norm fit; their count of batches is read over.

    Args:
        channels: Of the input.
        eps: Added to the variance. The published detector was trained without.
    """

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, eps: float = 0.0) -> None:
        super().__init__()
        self.eps = eps
        for name, value in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)):
            self.register_buffer(name, torch.full((channels,), value))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``N x C x H x W`` to the same shape."""
        scale = self.weight * (self.running_var + self.eps).rsqrt()
        shift = self.bias - self.running_mean * scale
        return x * scale[:, None, None] + shift[:, None, None]

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *further: Any) -> None:
        counted = f"{prefix}num_batches_tracked"
        if isinstance(state_dict, dict):
            state_dict.pop(counted, None)
        super()._load_from_state_dict(state_dict, prefix, *further)


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolution, added to the input."""

    def __init__(self, in_channels: int, inner: int, stride: int) -> None:
        super().__init__()
        out_channels = 4 * inner
        self.conv1 = nn.Conv2d(in_channels, inner, 1, bias=False)
        self.bn1 = FrozenBatchNorm(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, padding=1, bias=False)
        self.bn2 = FrozenBatchNorm(inner)
        self.conv3 = nn.Conv2d(inner, out_channels, 1, bias=False)
        self.bn3 = FrozenBatchNorm(out_channels)
        self.downsample: nn.Sequential | None = None
        if stride != 1 or in_channels != out_channels:
            shrink = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.downsample = nn.Sequential(shrink, FrozenBatchNorm(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``N x in x H x W`` to ``N x 4 inner x H/stride x W/stride``."""
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet50(nn.Module):
    """The four stages of ResNet-50 without the classifier.

    Attributes:
        channels: Channels of each tensor that it returns.
        strides: Input pixels per cell of each.
    """

    channels = (256, 512, 1024, 2048)
    strides = (4, 8, 16, 32)

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, padding=3, bias=False)
        self.bn1 = FrozenBatchNorm(64)
        channels = 64
        for number, (blocks, inner, stride) in enumerate(_STAGES, start=1):
            stage = [
                Bottleneck(channels if place == 0 else 4 * inner, inner, stride if place == 0 else 1)
                for place in range(blocks)
            ]
            self.add_module(f"layer{number}", nn.Sequential(*stage))
            channels = 4 * inner

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map a normalised ``N x 3 x H x W`` to the outputs of the four stages, finest first."""
        x = functional.max_pool2d(functional.relu(self.bn1(self.conv1(x))), 3, 2, padding=1)
        outputs = []
        for number in range(1, len(_STAGES) + 1):
            x = self.get_submodule(f"layer{number}")(x)
            outputs.append(x)
        return outputs
