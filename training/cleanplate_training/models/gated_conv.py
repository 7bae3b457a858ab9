"""Gated convolution in the three light forms of contextual residual aggregation.

A gated convolution (Yu et al. 2019, arXiv 1806.03589) multiplies the features of a layer by gates in 0..1 that a second
convolution computes, so that the network learns which places are known. That doubles the cost of the layer. The light
forms (Yi et al. 2020, arXiv 2005.09704, section 3.4) compute the gates with less:

- ``single``: one gate for all channels, from a convolution with one output channel;
- ``separable``: a depthwise convolution, then a pointwise one;
- ``pixel``: a pointwise convolution alone.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate_training.models.convolution import Conv2d

Gate = Literal["single", "separable", "pixel"]

_OPEN = 2.0
"""Bias of the gates at the start: sigmoid(2) = 0.88, so that twenty layers let a signal through."""
_ELU_GAIN = 1.25
"""Keeps the second moment of normally distributed features over an ELU."""


class GatedConv(nn.Module):
    """``ELU(features) * sigmoid(gates)`` with "same" padding and no normalisation.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel: Side of the square filters, odd.
        stride: 1 or 2; with 2 even sides are halved exactly.
        dilation: Distance between the taps of a filter.
        gate: Form of the gates.
        elu: Whether the features pass an ELU; the last layer of a network gives numbers of either sign.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int = 3,
        *,
        stride: int = 1,
        dilation: int = 1,
        gate: Gate = "separable",
        elu: bool = True,
    ) -> None:
        super().__init__()
        padding = dilation * (kernel - 1) // 2
        self.feature = nn.Conv2d(in_channels, out_channels, kernel, stride, padding, dilation)
        self.gate: nn.Module
        if gate == "single":
            self.gate = nn.Conv2d(in_channels, 1, kernel, stride, padding, dilation)
        elif gate == "separable":
            depthwise = Conv2d(in_channels, in_channels, kernel, stride, padding, dilation, groups=in_channels)
            self.gate = nn.Sequential(depthwise, nn.Conv2d(in_channels, out_channels, 1))
        else:
            self.gate = nn.Conv2d(in_channels, out_channels, 1, stride)
        self.elu = elu
        self.initialise()

    def initialise(self) -> None:
        """Draw first weights under which the size of the signal stays about the same from layer to layer."""
        fan_in = self.feature.weight[0].numel()
        gain = (_ELU_GAIN if self.elu else 1.0) / torch.sigmoid(torch.tensor(_OPEN)).item()
        nn.init.normal_(self.feature.weight, std=gain / math.sqrt(fan_in))
        nn.init.zeros_(_bias(self.feature))
        parts = [part for part in self.gate.modules() if isinstance(part, nn.Conv2d)]
        for part in parts:
            nn.init.normal_(part.weight, std=1 / math.sqrt(part.weight[0].numel()))
            nn.init.zeros_(_bias(part))
        nn.init.constant_(_bias(parts[-1]), _OPEN)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``N x in x H x W`` to ``N x out x H / stride x W / stride``."""
        features: Tensor = self.feature(x)
        if self.elu:
            features = functional.elu(features)
        return features * torch.sigmoid(self.gate(x))


class GatedUp(GatedConv):
    """Doubles height and width by bilinear interpolation, then a gated convolution."""

    def forward(self, x: Tensor) -> Tensor:
        """Map ``N x in x H x W`` to ``N x out x 2H x 2W``."""
        return super().forward(functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False))


def _bias(conv: nn.Conv2d) -> Tensor:
    assert conv.bias is not None
    return conv.bias
