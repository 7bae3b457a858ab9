"""FC-DenseNet, "the one hundred layers tiramisu" (Jegou et al. 2017, arXiv 1611.09326).

A U-shaped network of dense blocks: every layer of a block sees what all layers before it made and adds ``growth``
channels of its own. On the way up only a block's new channels are passed on, or the channels would grow without end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cleanplate.errors import ArgumentError

_FIRST_CHANNELS = 48


@dataclass(frozen=True)
class Depths:
    """How deep one member of the family is.

    Attributes:
        blocks: Layers of the dense blocks on the way down, first to last; the way up mirrors them.
        bottleneck: Layers of the block at the lowest resolution.
        growth: Channels that each layer adds.
    """

    blocks: tuple[int, ...]
    bottleneck: int
    growth: int


MEMBERS: dict[str, Depths] = {
    "56": Depths((4, 4, 4, 4, 4), 4, 12),
    "67": Depths((5, 5, 5, 5, 5), 5, 16),
    "103": Depths((4, 5, 7, 10, 12), 15, 16),
}
"""The members of the paper by their number of layers (its table 2 and section 4)."""


class DenseLayer(nn.Sequential):
    """Batch norm, ReLU, 3x3 convolution to ``growth`` channels, dropout."""

    def __init__(self, in_channels: int, growth: int, dropout: float) -> None:
        super().__init__(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(in_channels, growth, 3, padding=1),
            nn.Dropout2d(dropout),
        )


class DenseBlock(nn.Module):
    """Layers that each see the block's input and everything made since.

    Args:
        in_channels: Channels of the input.
        layers: Number of layers.
        growth: Channels each adds.
        dropout: Share of channels dropped while training.

    Attributes:
        made: Channels that the layers add together.
    """

    def __init__(self, in_channels: int, layers: int, growth: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DenseLayer(in_channels + n * growth, growth, dropout) for n in range(layers))
        self.made = layers * growth

    def forward(self, x: Tensor) -> Tensor:
        """Return what the layers made, ``N x made x H x W``, without the input."""
        seen, made = x, []
        for layer in self.layers:
            made.append(layer(seen))
            seen = torch.cat([seen, made[-1]], dim=1)
        return torch.cat(made, dim=1)


class TransitionDown(nn.Sequential):
    """Batch norm, ReLU, 1x1 convolution, dropout, 2x2 maximum."""

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__(
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 1),
            nn.Dropout2d(dropout),
            nn.MaxPool2d(2),
        )


class FCDenseNet(nn.Module):
    """FC-DenseNet for pictures of any size that is a multiple of :attr:`multiple`.

    Args:
        member: ``56``, ``67`` or ``103``, or depths of your own.
        in_channels: Input planes.
        out_channels: Output planes (logits; no activation).
        dropout: 0.2 in the paper.

    Attributes:
        multiple: Sides of the input are multiples of this.
        down_widths: Channels after each dense block on the way down, joined with its input (table 2, ``m``).
        bottom_width: Channels of the lowest block with its input.
        up_widths: Channels after each dense block on the way up, joined with its input.

    Raises:
        ArgumentError: no such member.
    """

    def __init__(
        self, member: str | Depths = "56", *, in_channels: int = 3, out_channels: int = 1, dropout: float = 0.2
    ) -> None:
        super().__init__()
        if isinstance(member, str) and member not in MEMBERS:
            raise ArgumentError(f"must be one of {', '.join(MEMBERS)}, not {member!r}", subject="FC-DenseNet")
        depths = MEMBERS[member] if isinstance(member, str) else member
        self.multiple = 1 << len(depths.blocks)
        self.first = nn.Conv2d(in_channels, _FIRST_CHANNELS, 3, padding=1)
        self.down, self.transitions_down = nn.ModuleList(), nn.ModuleList()
        channels, widths = _FIRST_CHANNELS, []
        for layers in depths.blocks:
            self.down.append(DenseBlock(channels, layers, depths.growth, dropout))
            channels += layers * depths.growth
            widths.append(channels)
            self.transitions_down.append(TransitionDown(channels, dropout))
        self.bottom = DenseBlock(channels, depths.bottleneck, depths.growth, dropout)
        self.down_widths = tuple(widths)
        self.bottom_width = channels + self.bottom.made
        self._build_up(depths, dropout)
        self.output = nn.Conv2d(self.up_widths[-1], out_channels, 1)
        self.apply(_he_uniform)

    def _build_up(self, depths: Depths, dropout: float) -> None:
        self.up, self.transitions_up = nn.ModuleList(), nn.ModuleList()
        made, widths = self.bottom.made, []
        for layers, skip in zip(reversed(depths.blocks), reversed(self.down_widths), strict=True):
            self.transitions_up.append(nn.ConvTranspose2d(made, made, 3, stride=2, padding=1, output_padding=1))
            self.up.append(DenseBlock(made + skip, layers, depths.growth, dropout))
            widths.append(made + skip + layers * depths.growth)
            made = layers * depths.growth
        self.up_widths = tuple(widths)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``N x in x H x W`` to logits ``N x out x H x W``; H and W are multiples of :attr:`multiple`."""
        x, skips = self._descend(self.first(x))
        made: Tensor = self.bottom(x)
        for transition, block, skip in zip(self.transitions_up, self.up, reversed(skips), strict=True):
            joined = torch.cat([transition(made), skip], dim=1)
            made = block(joined)
        # Only the last block's input goes on to the classifier (the paper's 256 channels for 103 layers).
        logits: Tensor = self.output(torch.cat([joined, made], dim=1))
        return logits

    def _descend(self, x: Tensor) -> tuple[Tensor, Sequence[Tensor]]:
        skips = []
        for block, transition in zip(self.down, self.transitions_down, strict=True):
            x = torch.cat([x, block(x)], dim=1)
            skips.append(x)
            x = transition(x)
        return x, skips


def _he_uniform(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
