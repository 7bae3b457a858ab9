"""Fully convolutional networks FCN-32s, FCN-16s and FCN-8s (Long et al. 2015, arXiv 1411.4038).

A classifier becomes a segmenter: its last layers score every cell of the coarsest features, and the scores are
enlarged; the finer members add scores of finer features on the way. The paper pads the picture by 100 pixels and crops
afterwards; here every convolution pads, so that output and input have the same size.
"""

from __future__ import annotations

from typing import Literal, cast

import torch
from torch import Tensor, nn

from cleanplate.errors import ArgumentError
from cleanplate_training.models import efficientnet_lite
from cleanplate_training.models.unet import Encoder

Backbone = Literal["vgg16", "lite0"]

VGG16_LAYERS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Channels of the convolutions between two poolings (Simonyan and Zisserman, arXiv 1409.1556, configuration D)."""
_FC_CHANNELS = 4096


class Vgg16(nn.Module):
    """The 13 convolutions of VGG-16; after each group a 2x2 maximum halves the resolution.

    Attributes:
        channels: Channels of each tensor of :meth:`features`.
        strides: Input pixels per cell of each of them.
        multiple: Sides of the input are multiples of this.
    """

    def __init__(self, in_channels: int = 3) -> None:
        super().__init__()
        self.groups = nn.ModuleList()
        for widths in VGG16_LAYERS:
            layers: list[nn.Module] = []
            for width in widths:
                layers += [nn.Conv2d(in_channels, width, 3, padding=1), nn.ReLU(inplace=True)]
                in_channels = width
            self.groups.append(nn.Sequential(*layers, nn.MaxPool2d(2)))
        self.channels = tuple(widths[-1] for widths in VGG16_LAYERS)
        self.strides = tuple(2 << level for level in range(len(VGG16_LAYERS)))
        self.multiple = self.strides[-1]

    def features(self, x: Tensor) -> list[Tensor]:
        """Return the five pooled features, finest first."""
        levels = []
        for group in self.groups:
            x = group(x)
            levels.append(x)
        return levels


class FCN(nn.Module):
    """FCN for pictures of any size that is a multiple of :attr:`multiple` (32).

    Args:
        stride: Finest features that are scored: 32, 16 or 8 pixels a cell.
        backbone: ``vgg16`` is the paper's, with its two layers of 4,096 channels as a 7x7 and a 1x1 convolution;
            ``lite0`` is EfficientNet-lite0, scored directly.
        out_channels: Output planes (logits; no activation).
        pretrained: Start ``lite0`` from its ImageNet weights. VGG-16 weights ship with no package.

    Raises:
        ArgumentError: another stride or backbone.
    """

    def __init__(
        self, stride: int = 8, *, backbone: Backbone = "lite0", out_channels: int = 1, pretrained: bool = True
    ) -> None:
        super().__init__()
        if stride not in (8, 16, 32):
            raise ArgumentError(f"must be 8, 16 or 32, not {stride}", subject="stride")
        if backbone not in ("vgg16", "lite0"):
            raise ArgumentError(f"must be vgg16 or lite0, not {backbone!r}", subject="backbone")
        self.stride, self.multiple = stride, 32
        self.backbone: nn.Module
        if backbone == "vgg16":
            self.backbone = Vgg16()
            self.classifier, top = _vgg_classifier(), _FC_CHANNELS
        else:
            self.backbone = efficientnet_lite.load("lite0", pretrained=pretrained, head=False).train()
            self.classifier, top = nn.Sequential(), cast(Encoder, self.backbone).channels[-1]
        channels = cast(Encoder, self.backbone).channels
        self.score = _zero(nn.Conv2d(top, out_channels, 1))
        finer = {32: 0, 16: 1, 8: 2}[stride]
        self.skips = nn.ModuleList(_zero(nn.Conv2d(channels[-2 - n], out_channels, 1)) for n in range(finer))
        self.doubles = nn.ModuleList(_enlarger(out_channels, 2, learned=True) for _ in range(finer))
        self.enlarge = _enlarger(out_channels, stride, learned=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``N x 3 x H x W`` to logits ``N x out x H x W``; H and W are multiples of :attr:`multiple`."""
        levels = cast(Encoder, self.backbone).features(x)
        logits: Tensor = self.score(self.classifier(levels[-1]))
        for level, skip, double in zip(reversed(levels[:-1]), self.skips, self.doubles, strict=False):
            logits = double(logits) + skip(level)
        enlarged: Tensor = self.enlarge(logits)
        return enlarged


def _vgg_classifier() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(VGG16_LAYERS[-1][-1], _FC_CHANNELS, 7, padding=3),
        nn.ReLU(inplace=True),
        nn.Dropout2d(0.5),
        nn.Conv2d(_FC_CHANNELS, _FC_CHANNELS, 1),
        nn.ReLU(inplace=True),
        nn.Dropout2d(0.5),
    )


def _zero(layer: nn.Conv2d) -> nn.Conv2d:
    # As in the paper: scores start at zero, so that a finer member begins as the coarser one.
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _enlarger(channels: int, factor: int, *, learned: bool) -> nn.ConvTranspose2d:
    """Return a transposed convolution that begins as bilinear enlargement by ``factor``."""
    layer = nn.ConvTranspose2d(
        channels, channels, 2 * factor, stride=factor, padding=factor // 2, groups=channels, bias=False
    )
    ramp = 1 - (torch.arange(2 * factor) - (factor - 0.5)).abs() / factor
    with torch.no_grad():
        layer.weight.copy_((ramp[:, None] * ramp[None]).expand_as(layer.weight))
    layer.weight.requires_grad_(learned)
    return layer
