"""U-Net of partial convolutions (Liu et al. 2018, arXiv 1804.07723), slim enough for two processor cores.

A partial convolution looks at known pixels only: unknown ones are set to zero, the sum is divided by the share of the
window that is known, and a pixel of the result is known as soon as anything in its window was. So the hole shrinks
layer by layer and what lies under it never has any influence.

The share of known pixels is a mean over the window, hence an average pool and no convolution with weights. Beyond the
border nothing is known, which makes the renormalisation a padding too.

Unlike in the paper the answer is added to a smooth fill (pull and push of means), which has no weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.errors import ArgumentError

_KERNELS = (7, 5, 5, 3, 3, 3, 3, 3)
_LEAK = 0.2


class PartialConv(nn.Module):
    """Convolution of known pixels only, with "same" padding.

    Args:
        in_channels: Of each input; several inputs (features and a skip connection) have a mask each.
        out_channels: Of the output.
        kernel: Side of the square filters, odd.
        stride: 1 or 2.
        norm: Follow with batch norm.
        active: Follow with a leaky ReLU.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int,
        kernel: int = 3,
        *,
        stride: int = 1,
        norm: bool = True,
        active: bool = True,
    ) -> None:
        super().__init__()
        self.in_channels, self.kernel, self.stride = tuple(in_channels), kernel, stride
        self.conv = nn.Conv2d(sum(in_channels), out_channels, kernel, stride, kernel // 2, bias=False)
        nn.init.kaiming_normal_(self.conv.weight, a=_LEAK)
        self.bias = nn.Parameter(torch.zeros(1, out_channels, 1, 1))
        self.norm = nn.BatchNorm2d(out_channels) if norm else None
        self.active = active

    def forward(self, inputs: Sequence[Tensor], known: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Convolve.

        Args:
            inputs: ``N x C_i x H x W`` each.
            known: ``N x 1 x H x W`` each, 1 = known, 0 = hole.

        Returns:
            Features ``N x out x H/stride x W/stride``, zero where nothing was known, and the new mask.
        """
        x = torch.cat([part * mask for part, mask in zip(inputs, known, strict=True)], dim=1)
        total = sum(self.in_channels)
        means = [channels / total * self._mean(mask) for channels, mask in zip(self.in_channels, known, strict=True)]
        share = torch.stack(means).sum(dim=0)
        fresh = (share > 1e-6).to(x.dtype)
        y = self.conv(x) / share.clamp(min=1e-3) + self.bias
        if self.norm is not None:
            y = self.norm(y)
        if self.active:
            y = functional.leaky_relu(y, _LEAK)
        return y * fresh, fresh

    def _mean(self, mask: Tensor) -> Tensor:
        return functional.avg_pool2d(mask, self.kernel, self.stride, self.kernel // 2, count_include_pad=True)


class PartialUNet(nn.Module):
    """Completes pictures with holes.

    Args:
        widths: Channels of the encoder's levels; each halves the resolution, so sides are multiples of
            ``2 ** len(widths)``.
        bottom: Further layers at the coarsest level, which reach into larger holes.

    Attributes:
        multiple: Sides of the pictures must be multiples of this.

    Raises:
        ArgumentError: fewer than two levels, or more than there are kernels for.
    """

    def __init__(self, widths: Sequence[int] = (32, 64, 96, 128, 192), *, bottom: int = 2) -> None:
        super().__init__()
        if not 2 <= len(widths) <= len(_KERNELS):
            raise ArgumentError(f"must have 2 to {len(_KERNELS)} entries, not {len(widths)}", subject="widths")
        self.multiple = 2 ** len(widths)
        before = (3, *widths[:-1])
        self.encoder = nn.ModuleList(
            PartialConv([inside], outside, kernel, stride=2, norm=level > 0)
            for level, (inside, outside, kernel) in enumerate(zip(before, widths, _KERNELS, strict=False))
        )
        self.bottom = nn.ModuleList(PartialConv([widths[-1]], widths[-1]) for _ in range(bottom))
        below = (widths[-1], *reversed(widths[1:-1]))
        self.decoder = nn.ModuleList(
            PartialConv([deeper, skip], skip) for deeper, skip in zip(below, reversed(widths[:-1]), strict=True)
        )
        self.output = PartialConv([widths[0], 3], 3, norm=False, active=False)
        nn.init.normal_(self.output.conv.weight, std=0.02)

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        """Complete pictures.

        Args:
            image: RGB ``N x 3 x H x W`` in 0..1; what lies under the mask is not looked at.
            mask: ``N x 1 x H x W``, 1 = hole.

        Returns:
            The whole picture again, ``N x 3 x H x W``, not clipped; callers keep their known pixels.
        """
        hole = (mask > 0.5).to(image.dtype)
        x, known = 2 * image - 1, 1 - hole
        skips = [(x * known, known)]
        for level in self.encoder:
            x, known = level([skips[-1][0]], [skips[-1][1]])
            skips.append((x, known))
        x, known = skips.pop()
        for level in self.bottom:
            y, known = level([x], [known])
            x = x + y
        for level in (*self.decoder, self.output):
            skip, shown = skips.pop()
            x, known = level([_doubled(x), skip], [_doubled(known), shown])
        # The network adds to a smooth fill: colours are right from the first step, and it learns edges and grain.
        return pull_push(image, 1 - hole, len(self.encoder)) + x / 2

    def encoder_norms(self) -> list[nn.BatchNorm2d]:
        """The batch norms to freeze in the last stage: those that the holes disturb."""
        return [norm for level in self.encoder for norm in level.modules() if isinstance(norm, nn.BatchNorm2d)]


def pull_push(image: Tensor, known: Tensor, levels: int) -> Tensor:
    """Fill holes smoothly with means of what is known around them (Gortler et al. 1996, section 3.4).

    Args:
        image: ``N x C x H x W``; sides are multiples of ``2 ** levels``.
        known: ``N x 1 x H x W``, 1 = known, 0 = hole.
        levels: How often the picture is halved; what is unknown even then gets the mean of all that is known.
    """
    shown = image * known
    if levels == 0:
        below = shown.mean(dim=(2, 3), keepdim=True) / known.mean(dim=(2, 3), keepdim=True).clamp(min=1e-6)
    else:
        share = functional.avg_pool2d(known, 2)
        small = functional.avg_pool2d(shown, 2) / share.clamp(min=1e-6)
        deeper = pull_push(small, (share > 0).to(image.dtype), levels - 1)
        below = functional.interpolate(deeper, scale_factor=2.0, mode="bilinear", align_corners=False)
    return torch.where(known > 0, shown, below)


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")
