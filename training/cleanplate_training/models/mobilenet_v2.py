"""MobileNetV2 (Sandler et al., CVPR 2018, arXiv 1801.04381) as an encoder, in the published layout of its weights.

Blocks widen by 1x1, filter each channel by 3x3 and narrow by 1x1 without activation. The keys of the state dict are
those of the widespread implementation (``features.0.0.weight``, ``features.1.conv.0.weight``, ...), so that published
checkpoints load as they are.
"""

from __future__ import annotations

from torch import Tensor, nn

from cleanplate_training.models.convolution import Conv2d

_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, blocks and stride of the first block of each stage (table 2 of the paper)."""
_LEVEL_ENDS = (0, 1, 2, 4, 6)
"""Stages after which the resolution is about to change: their outputs are the features."""
_STEM_CHANNELS, _HEAD_CHANNELS = 32, 1280


class InvertedResidual(nn.Module):
    """Widen, filter, narrow; added to its input where shapes agree."""

    def __init__(self, in_channels: int, out_channels: int, *, stride: int, expand: int) -> None:
        super().__init__()
        inner = in_channels * expand
        layers: list[nn.Module] = []
        if expand != 1:
            layers += [nn.Conv2d(in_channels, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU6(inplace=True)]
        layers += [
            Conv2d(inner, inner, 3, stride, 1, groups=inner, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU6(inplace=True),
            nn.Conv2d(inner, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        ]
        self.conv = nn.Sequential(*layers)
        self.residual = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        """Map ``N x in x H x W`` to ``N x out x H/stride x W/stride``."""
        y: Tensor = self.conv(x)
        return x + y if self.residual else y


class MobileNetV2(nn.Module):
    """The convolutions of MobileNetV2, without its classifier.

    Args:
        in_channels: Input planes.
        width: Channels of every stage are multiplied by this and rounded to a multiple of 8.
        head: End in the 1x1 convolution to 1,280 channels, as MODNet's published code does; else in the last stage.

    Attributes:
        channels: Channels of each tensor that :meth:`features` returns.
        strides: Input pixels per cell of each of them.
        multiple: Sides of the input should be multiples of this.
    """

    def __init__(self, *, in_channels: int = 3, width: float = 1.0, head: bool = True) -> None:
        super().__init__()
        channels = _scaled(_STEM_CHANNELS, width)
        layers: list[nn.Module] = [_conv_norm(in_channels, channels, kernel=3, stride=2)]
        ends, widths = [], []
        for index, (expand, out_channels, repeats, stride) in enumerate(_STAGES):
            out_channels = _scaled(out_channels, width)
            for repeat in range(repeats):
                step = stride if repeat == 0 else 1
                layers.append(InvertedResidual(channels, out_channels, stride=step, expand=expand))
                channels = out_channels
            if index in _LEVEL_ENDS:
                ends.append(len(layers) - 1)
                widths.append(channels)
        if head:
            layers.append(_conv_norm(channels, _HEAD_CHANNELS, kernel=1, stride=1))
            ends[-1], widths[-1] = len(layers) - 1, _HEAD_CHANNELS
        self.features = nn.Sequential(*layers)
        self._ends = frozenset(ends)
        self.channels = tuple(widths)
        self.strides = (2, 4, 8, 16, 32)
        self.multiple = 32

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the outputs of the five resolutions, finest first (see ``channels`` and ``strides``)."""
        levels = []
        for place, layer in enumerate(self.features):
            x = layer(x)
            if place in self._ends:
                levels.append(x)
        return levels


def _conv_norm(in_channels: int, out_channels: int, *, kernel: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU6(inplace=True),
    )


def _scaled(channels: int, width: float) -> int:
    """Multiply by ``width`` and round to a multiple of 8, never losing more than a tenth."""
    wanted = channels * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded
