"""U-Net (Ronneberger et al. 2015, arXiv 1505.04597) with "same" padding, over a plain or a pretrained encoder.

An encoder halves the resolution step by step; the decoder doubles it again and joins the encoder's features of the
same resolution, so that fine edges survive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.errors import ArgumentError
from cleanplate_training.models import efficientnet_lite
from cleanplate_training.models.lite_encoder import LiteEncoder

EncoderName = Literal["plain", "lite0", "lite1", "lite2"]


class Encoder(Protocol):
    """What a U-Net needs from its encoder (see :class:`efficientnet_lite.EfficientNetLite`)."""

    channels: tuple[int, ...]
    strides: tuple[int, ...]
    multiple: int

    def features(self, x: Tensor) -> list[Tensor]:
        """Return features, finest first."""
        ...


class DoubleConv(nn.Sequential):
    """Two 3x3 convolutions, each with batch norm and ReLU; the first may have stride 2."""

    def __init__(self, in_channels: int, out_channels: int, *, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )


class PlainEncoder(nn.Module):
    """The encoder of the U-Net paper with strided convolutions for its pooling: full resolution, then halves.

    Args:
        in_channels: Input planes.
        widths: Channels of each level, finest first.
    """

    def __init__(self, in_channels: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.channels = tuple(widths)
        self.strides = tuple(1 << level for level in range(len(widths)))
        self.multiple = self.strides[-1]
        inputs = (in_channels, *widths[:-1])
        self.levels = nn.ModuleList(
            DoubleConv(before, after, stride=1 if level == 0 else 2)
            for level, (before, after) in enumerate(zip(inputs, widths, strict=True))
        )

    def features(self, x: Tensor) -> list[Tensor]:
        """Return the output of every level, finest first."""
        levels = []
        for level in self.levels:
            x = level(x)
            levels.append(x)
        return levels


class UNet(nn.Module):
    """U-Net for pictures of any size that is a multiple of :attr:`multiple`.

    Args:
        encoder: ``plain``, or the name of an EfficientNet-lite.
        in_channels: Input planes.
        out_channels: Output planes (logits; no activation).
        widths: Channels of the plain encoder's levels; the decoder's channels likewise, finest first. With an
            EfficientNet-lite the decoder uses the last ``widths`` for its five levels.
        full_resolution: Keep full resolution in the first stage of an EfficientNet-lite (stem with stride 1).
        pretrained: Start an EfficientNet-lite from its ImageNet weights.
        depths: Blocks kept in each stage of ``lite0``; all where none are given.

    Raises:
        ArgumentError: an unknown encoder, fewer widths than levels, or depths that the encoder does not have.
    """

    def __init__(
        self,
        *,
        encoder: EncoderName = "plain",
        in_channels: int = 3,
        out_channels: int = 1,
        widths: Sequence[int] = (16, 32, 64, 96, 128),
        full_resolution: bool = False,
        pretrained: bool = True,
        depths: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.encoder: nn.Module
        if encoder == "plain":
            self.encoder = PlainEncoder(in_channels, widths)
        elif depths is not None:
            if encoder != "lite0" or full_resolution:
                raise ArgumentError("are for lite0 with its own stem", subject="depths")
            self.encoder = LiteEncoder(depths, in_channels=in_channels, pretrained=pretrained)
        else:
            self.encoder = efficientnet_lite.load(
                encoder,
                pretrained=pretrained,
                in_channels=in_channels,
                stem_stride=1 if full_resolution else 2,
                head=False,
            ).train()
        seen = cast(Encoder, self.encoder)
        self.multiple = seen.multiple
        if len(widths) < len(seen.channels):
            raise ArgumentError(f"must have {len(seen.channels)} entries, not {len(widths)}", subject="widths")
        self.first_stride = seen.strides[0]
        self.decoder = nn.ModuleList()
        below = seen.channels[-1]
        for skip, width in zip(reversed(seen.channels[:-1]), reversed(widths[: len(seen.channels) - 1]), strict=True):
            self.decoder.append(DoubleConv(below + skip, width))
            below = width
        self.finest = DoubleConv(below, widths[0]) if self.first_stride == 2 else nn.Identity()
        self.output = nn.Conv2d(widths[0], out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``N x in x H x W`` to logits ``N x out x H x W``; H and W are multiples of :attr:`multiple`."""
        *skips, x = cast(Encoder, self.encoder).features(x)
        for skip, block in zip(reversed(skips), self.decoder, strict=True):
            x = block(torch.cat([_doubled(x), skip], dim=1))
        if self.first_stride == 2:
            x = _doubled(x)
        logits: Tensor = self.output(self.finest(x))
        return logits


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")
