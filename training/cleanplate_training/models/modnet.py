"""MODNet (Ke et al., AAAI 2022, arXiv 2011.11961): portrait matting in one pass, without a trimap.

A semantic branch finds the people at low resolution, a detail branch their boundary at high resolution, and a fusion
branch joins both to the matte. Two variants: ``code`` is what the authors published (squeeze-and-excitation after the
encoder, half batch and half instance norm), whose checkpoints load by key and shape; ``paper`` has the efficient
atrous spatial pyramid pooling that the paper describes in place of squeeze-and-excitation.

Unlike the published code, the network takes RGB 0..1 and scales it to -1..1 itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.errors import ArgumentError
from cleanplate_training.models.convolution import Conv2d
from cleanplate_training.models.mobilenet_v2 import MobileNetV2
from cleanplate_training.models.modnet_slim import Mattes, WidenStem

_WIDTH = 32
"""Channels of the high-resolution branches."""


class IBNorm(nn.Module):
    """Batch norm for the first half of the channels, instance norm without weights for the rest."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.batch = channels // 2
        self.bnorm = nn.BatchNorm2d(self.batch)
        self.inorm = nn.InstanceNorm2d(channels - self.batch, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``N x C x H x W``."""
        return torch.cat([self.bnorm(x[:, : self.batch]), self.inorm(x[:, self.batch :])], dim=1)


class Conv2dIBNormRelu(nn.Module):
    """Convolution, then norm and ReLU unless ``plain``."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, *, stride: int = 1, plain: bool = False
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2)]
        if not plain:
            layers += [IBNorm(out_channels), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``N x in x H x W`` to ``N x out x H/stride x W/stride``."""
        y: Tensor = self.layers(x)
        return y


class SEBlock(nn.Module):
    """Squeeze-and-excitation (arXiv 1709.01507): channels are weighted by what the whole picture holds."""

    def __init__(self, channels: int, *, reduction: int = 4) -> None:
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // reduction, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(channels // reduction, channels, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Weight ``N x C x H x W``."""
        weights: Tensor = self.fc(x.mean(dim=(2, 3)))
        return x * weights[:, :, None, None]


class EfficientASPP(nn.Module):
    """Atrous spatial pyramid pooling at a hundredth of its cost, after section 3.2 of the paper.

    Channels are compressed to a quarter, filtered depth-wise at several dilations, the scales are joined within each
    channel first and the channels among each other afterwards, and the width is restored.
    """

    def __init__(self, channels: int, *, dilations: Sequence[int] = (1, 2, 4, 8)) -> None:
        super().__init__()
        inner = channels // 4
        self.compress = nn.Sequential(
            nn.Conv2d(channels, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(inplace=True)
        )
        self.scales = nn.ModuleList(
            Conv2d(inner, inner, 3, 1, dilation, dilation, groups=inner, bias=False) for dilation in dilations
        )
        self.across_scales = nn.Conv2d(inner * len(dilations), inner, 1, groups=inner, bias=False)
        self.across_channels = nn.Sequential(
            nn.BatchNorm2d(inner),
            nn.ReLU(inplace=True),
            nn.Conv2d(inner, inner, 1, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(inplace=True),
        )
        self.restore = nn.Sequential(
            nn.Conv2d(inner, channels, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(inplace=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map ``N x C x H x W`` to the same shape."""
        x = self.compress(x)
        scales = torch.stack([scale(x) for scale in self.scales], dim=2)  # the scales of a channel lie side by side
        y: Tensor = self.restore(self.across_channels(self.across_scales(scales.flatten(1, 2))))
        return y


class LRBranch(nn.Module):
    """Semantic branch: 1/32 up to 1/8."""

    def __init__(self, context: nn.Module, name: str, channels: Sequence[int]) -> None:
        super().__init__()
        self.context_name = name
        setattr(self, name, context)
        self.conv_lr16x = Conv2dIBNormRelu(channels[4], channels[3], 5)
        self.conv_lr8x = Conv2dIBNormRelu(channels[3], channels[2], 5)
        self.conv_lr: nn.Module | None = Conv2dIBNormRelu(channels[2], 1, 3, stride=2, plain=True)

    def forward(self, deepest: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return features at 1/8 and the coarse alpha at 1/16."""
        x = self.conv_lr16x(_scaled(getattr(self, self.context_name)(deepest), 2))
        x = self.conv_lr8x(_scaled(x, 2))
        return x, None if self.conv_lr is None else torch.sigmoid(self.conv_lr(x).float())


class HRBranch(nn.Module):
    """Detail branch: 1/4 and 1/2, with the picture at both."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.tohr_enc2x = Conv2dIBNormRelu(channels[0], width, 1)
        self.conv_enc2x = Conv2dIBNormRelu(width + 3, width, 3, stride=2)
        self.tohr_enc4x = Conv2dIBNormRelu(channels[1], width, 1)
        self.conv_enc4x = Conv2dIBNormRelu(2 * width, 2 * width, 3)
        self.conv_hr4x = nn.Sequential(
            Conv2dIBNormRelu(2 * width + channels[2] + 3, 2 * width, 3),
            Conv2dIBNormRelu(2 * width, 2 * width, 3),
            Conv2dIBNormRelu(2 * width, width, 3),
        )
        self.conv_hr2x = nn.Sequential(
            Conv2dIBNormRelu(2 * width, 2 * width, 3),
            Conv2dIBNormRelu(2 * width, width, 3),
            Conv2dIBNormRelu(width, width, 3),
            Conv2dIBNormRelu(width, width, 3),
        )
        self.conv_hr: nn.Module | None = nn.Sequential(
            Conv2dIBNormRelu(width + 3, width, 3), Conv2dIBNormRelu(width, 1, 1, plain=True)
        )

    def forward(self, picture: Tensor, half: Tensor, quarter: Tensor, semantic: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return features at 1/2 and the alpha of the boundary at full resolution."""
        picture_2, picture_4 = _scaled(picture, 0.5), _scaled(picture, 0.25)
        fine = self.tohr_enc2x(half)
        x = self.conv_enc2x(torch.cat([picture_2, fine], dim=1))
        x = self.conv_enc4x(torch.cat([x, self.tohr_enc4x(quarter)], dim=1))
        x = self.conv_hr4x(torch.cat([x, _scaled(semantic, 2), picture_4], dim=1))
        x = self.conv_hr2x(torch.cat([_scaled(x, 2), fine], dim=1))
        if self.conv_hr is None:
            return x, None
        return x, torch.sigmoid(self.conv_hr(torch.cat([_scaled(x, 2), picture], dim=1)).float())


class FusionBranch(nn.Module):
    """The matte from both."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.conv_lr4x = Conv2dIBNormRelu(channels[2], width, 5)
        self.conv_f2x = Conv2dIBNormRelu(2 * width, width, 3)
        self.conv_f = nn.Sequential(
            Conv2dIBNormRelu(width + 3, width // 2, 3), Conv2dIBNormRelu(width // 2, 1, 1, plain=True)
        )

    def forward(self, picture: Tensor, semantic: Tensor, detail: Tensor) -> Tensor:
        """Return the alpha at full resolution."""
        coarse = _scaled(self.conv_lr4x(_scaled(semantic, 2)), 2)
        x = self.conv_f2x(torch.cat([coarse, detail], dim=1))
        return torch.sigmoid(self.conv_f(torch.cat([_scaled(x, 2), picture], dim=1)).float())


class _Encoder(nn.Module):
    """Holds the encoder under the name that published checkpoints give it."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.model = MobileNetV2(in_channels=in_channels)


class MODNet(nn.Module):
    """The published network or that of the paper.

    Args:
        variant: ``code`` or ``paper``.
        in_channels: 3, or 4 where the alpha of the frame before enters the encoder; the weights of the fourth plane
            start at zero.

    Raises:
        ArgumentError: another variant or number of channels.
    """

    multiple = 32

    def __init__(self, variant: Literal["code", "paper"] = "code", *, in_channels: int = 3) -> None:
        super().__init__()
        if variant not in ("code", "paper"):
            raise ArgumentError(f"must be code or paper, not {variant!r}", subject="variant")
        if in_channels not in (3, 4):
            raise ArgumentError(f"must be 3 or 4, not {in_channels}", subject="in_channels")
        self.in_channels = in_channels
        self.backbone = _Encoder(in_channels)
        with torch.no_grad():
            self.backbone.model.get_parameter("features.0.0.weight")[:, 3:] = 0
        channels = self.backbone.model.channels
        context, name = (
            (SEBlock(channels[4]), "se_block") if variant == "code" else (EfficientASPP(channels[4]), "e_aspp")
        )
        self.lr_branch = LRBranch(context, name, channels)
        self.hr_branch = HRBranch(channels, _WIDTH)
        self.f_branch = FusionBranch(channels, _WIDTH)
        self.register_load_state_dict_pre_hook(WidenStem("backbone.model.features.0.0.weight", in_channels))  # type: ignore[no-untyped-call]

    def forward(self, image: Tensor, previous: Tensor | None = None) -> Mattes | Tensor:
        """Predict mattes; see :meth:`cleanplate_training.models.modnet_slim.SlimMODNet.forward`."""
        picture = 2 * image - 1
        planes = picture
        if self.in_channels == 4:
            before = torch.zeros_like(picture[:, :1]) if previous is None else previous.to(picture.dtype)
            planes = torch.cat([picture, before], dim=1)
        elif previous is not None:
            raise ArgumentError("has no place for a previous alpha", subject="network", fix="build it with 4 channels")
        half, quarter, _, _, deepest = self.backbone.model(planes)
        semantic, coarse = self.lr_branch(deepest)
        detail, boundary = self.hr_branch(picture, half, quarter, semantic)
        alpha = self.f_branch(picture, semantic, detail)
        return alpha if coarse is None or boundary is None else Mattes(coarse, boundary, alpha)

    def without_heads(self) -> None:
        """Drop what only training needs; from now on the matte alone is returned."""
        self.lr_branch.conv_lr = None
        self.hr_branch.conv_hr = None


def _scaled(x: Tensor, factor: float) -> Tensor:
    return functional.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)
