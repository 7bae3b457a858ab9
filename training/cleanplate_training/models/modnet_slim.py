"""Slim MODNet: the three branches of MODNet (arXiv 2011.11961) for two processor cores.

What differs from the published network (:mod:`cleanplate_training.models.modnet`), each because it was measured to
cost time without need on a CPU:

* batch norm everywhere, which folds into the convolutions, instead of instance norm;
* the semantic branch also sees the encoder's 1/16 and 1/8 features, and filters by depth-separable convolutions;
* branches are joined by sums of 1x1 convolutions, not by concatenation;
* nothing is convolved at full resolution: the picture enters as 4x4 patches at half resolution and the alpha leaves
  as four planes that are shuffled into one of full resolution;
* the encoder can be cut short: residual blocks at the end of a stage are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.errors import ArgumentError
from cleanplate_training.models import efficientnet_lite
from cleanplate_training.models.convolution import Conv2d
from cleanplate_training.models.efficientnet_lite import MEAN, STD
from cleanplate_training.models.lite_encoder import FULL_DEPTHS, LiteEncoder
from cleanplate_training.models.mobilenet_v2 import MobileNetV2

Backbone = Literal["lite0", "mobilenet-v2", "tiny"]
_TINY_WIDTH = 0.35


class WidenStem:
    """Lets weights of a network for stills be loaded into one that also takes the alpha before.

    Called before a state dict is loaded: stem weights with fewer planes than the network has get zeros for the rest,
    so that the network starts as the one for stills and ignores the previous alpha.

    Args:
        key: name of the stem's weights.
        in_channels: planes that the network has.
    """

    def __init__(self, key: str, in_channels: int) -> None:
        self.key, self.in_channels = key, in_channels

    def __call__(self, module: nn.Module, state: dict[str, Tensor], prefix: str, *_: object) -> None:
        """Widen the stem in ``state``, which is torch's own copy of what was given."""
        name = prefix + self.key
        if name in state and state[name].shape[1] < self.in_channels:
            state[name] = efficientnet_lite.widened(state[name], self.in_channels)


class Mattes(NamedTuple):
    """What MODNet predicts while it learns.

    Attributes:
        semantic: coarse alpha, ``N x 1 x H/16 x W/16``.
        detail: alpha that counts at the boundary only, ``N x 1 x H x W``.
        alpha: the matte, ``N x 1 x H x W``.
    """

    semantic: Tensor
    detail: Tensor
    alpha: Tensor


class Conv(nn.Sequential):
    """Convolution, batch norm, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, *, stride: int = 1) -> None:
        padding = (kernel - stride) // 2 if stride > 1 and kernel % 2 == 0 else kernel // 2
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel, stride, padding, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )


class Separable(nn.Sequential):
    """A filter a channel, then 1x1 across channels; batch norm after both, ReLU at the end."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__(
            Conv2d(channels, channels, kernel, 1, kernel // 2, groups=channels, bias=False),
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )


class Lateral(nn.Sequential):
    """1x1 convolution with batch norm, to be added to something."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(nn.Conv2d(in_channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels))


class SemanticBranch(nn.Module):
    """Where the people are: from 1/32 up to 1/8."""

    def __init__(self, encoder: Sequence[int], width: int) -> None:
        super().__init__()
        self.reduce = Conv(encoder[4], width, 1)
        self.context = Separable(width, 5)
        self.from_16 = Lateral(encoder[3], width)
        self.at_16 = Separable(width, 5)
        self.from_8 = Lateral(encoder[2], width)
        self.at_8 = Separable(width, 5)
        self.head: nn.Module | None = nn.Conv2d(width, 1, 1)

    def forward(self, levels: Sequence[Tensor]) -> tuple[Tensor, Tensor | None]:
        """Return features at 1/8 and the coarse alpha at 1/16."""
        x = self.reduce(levels[4])
        x = x + self.context(x)
        x = self.at_16(functional.relu(_doubled(x) + self.from_16(levels[3])))
        coarse = None if self.head is None else torch.sigmoid(self.head(x).float())
        return self.at_8(functional.relu(_doubled(x) + self.from_8(levels[2]))), coarse


class DetailBranch(nn.Module):
    """Where exactly the boundary runs: at 1/4 and 1/2, from the picture's own pixels."""

    def __init__(self, encoder: Sequence[int], semantic: int, width: int, fine: int) -> None:
        super().__init__()
        self.patches = nn.Sequential(nn.Conv2d(3, fine, 4, 2, 1, bias=False), nn.BatchNorm2d(fine))
        self.from_2 = Lateral(encoder[0], fine)
        self.down = nn.Sequential(nn.Conv2d(fine, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width))
        self.from_4 = Lateral(encoder[1], width)
        self.from_semantic = Lateral(semantic, width)
        self.at_4 = nn.Sequential(Conv(width, width, 3), Conv(width, width, 3))
        self.up = Lateral(width, fine)
        self.at_2 = Conv(fine, fine, 3)
        self.head: nn.Module | None = nn.Conv2d(fine, 4, 3, padding=1)

    def forward(self, picture: Tensor, levels: Sequence[Tensor], semantic: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return features at 1/2 and the alpha of the boundary at full resolution."""
        half = functional.relu(self.patches(picture) + self.from_2(levels[0]))
        quarter = self.down(half) + self.from_4(levels[1]) + _doubled(self.from_semantic(semantic))
        quarter = self.at_4(functional.relu(quarter))
        x = self.at_2(functional.relu(half + _doubled(self.up(quarter))))
        return x, None if self.head is None else _shuffled(self.head(x))


class FusionBranch(nn.Module):
    """The matte from both."""

    def __init__(self, semantic: int, fine: int) -> None:
        super().__init__()
        self.from_semantic = Lateral(semantic, fine)
        self.at_2 = Conv(fine, fine, 3)
        self.head = nn.Conv2d(fine, 4, 3, padding=1)

    def forward(self, semantic: Tensor, detail: Tensor) -> Tensor:
        """Return the alpha at full resolution."""
        coarse = functional.interpolate(
            self.from_semantic(semantic), scale_factor=4, mode="bilinear", align_corners=False
        )
        return _shuffled(self.head(self.at_2(functional.relu(detail + coarse))))


class SlimMODNet(nn.Module):
    """MODNet for two processor cores.

    Args:
        backbone: ``lite0`` (EfficientNet-lite0 with ImageNet weights), ``mobilenet-v2``, or ``tiny`` (MobileNetV2 of a
            third of the width, for webcams).
        depths: Blocks kept in each stage of ``lite0``.
        semantic: Channels of the semantic branch.
        detail: Channels of the detail branch at 1/4.
        fine: Channels at 1/2.
        in_channels: 3, or 4 where the alpha of the frame before enters the encoder.
        pretrained: Start ``lite0`` from its ImageNet weights.

    Raises:
        ArgumentError: another number of input channels, or depths that the encoder does not have.
    """

    multiple = 32

    def __init__(
        self,
        backbone: Backbone = "lite0",
        *,
        depths: Sequence[int] = FULL_DEPTHS,
        semantic: int = 64,
        detail: int = 32,
        fine: int = 16,
        in_channels: int = 3,
        pretrained: bool = True,
    ) -> None:
        super().__init__()
        if in_channels not in (3, 4):
            raise ArgumentError(f"must be 3 or 4, not {in_channels}", subject="in_channels")
        self.in_channels = in_channels
        self.backbone: LiteEncoder | MobileNetV2
        if backbone == "lite0":
            self.backbone = LiteEncoder(depths, in_channels=in_channels, pretrained=pretrained)
        else:
            width = _TINY_WIDTH if backbone == "tiny" else 1.0
            self.backbone = MobileNetV2(in_channels=in_channels, width=width, head=False)
            with torch.no_grad():
                stem = self.backbone.get_parameter("features.0.0.weight")
                stem[:, 3:] = 0
        channels = self.backbone.channels
        self.semantic = SemanticBranch(channels, semantic)
        self.detail = DetailBranch(channels, semantic, detail, fine)
        self.fusion = FusionBranch(semantic, fine)
        name = "backbone.stem.weight" if backbone == "lite0" else "backbone.features.0.0.weight"
        self.register_load_state_dict_pre_hook(WidenStem(name, in_channels))  # type: ignore[no-untyped-call]

    def forward(self, image: Tensor, previous: Tensor | None = None) -> Mattes | Tensor:
        """Predict mattes.

        Args:
            image: ``N x 3 x H x W``, RGB 0..1.
            previous: alpha of the frame before, ``N x 1 x H x W``, zeros where there is none; only with four input
                channels.

        Returns:
            All three predictions, or after :meth:`without_heads` the matte alone.
        """
        picture = (image - MEAN) / STD
        levels = self.backbone(_with_previous(picture, previous, self.in_channels))
        semantic, coarse = self.semantic(levels)
        detail, boundary = self.detail(picture, levels, semantic)
        alpha = self.fusion(semantic, detail)
        return alpha if coarse is None or boundary is None else Mattes(coarse, boundary, alpha)

    def without_heads(self) -> None:
        """Drop what only training needs; from now on the matte alone is returned."""
        self.semantic.head = None
        self.detail.head = None


def _with_previous(picture: Tensor, previous: Tensor | None, in_channels: int) -> Tensor:
    if in_channels == 3:
        if previous is not None:
            raise ArgumentError("has no place for a previous alpha", subject="network", fix="build it with 4 channels")
        return picture
    if previous is None:
        previous = torch.zeros_like(picture[:, :1])
    return torch.cat([picture, previous.to(picture.dtype)], dim=1)


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def _shuffled(planes: Tensor) -> Tensor:
    """Alpha of full resolution from logits in four planes of half resolution."""
    return torch.sigmoid(functional.pixel_shuffle(planes.float(), 2))
