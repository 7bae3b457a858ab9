"""The defect network: a U-Net over EfficientNet-lite whose first stage keeps full resolution, as hairlines need it.

U-Net: arXiv 1505.04597; EfficientNet: arXiv 1905.11946. The encoder's first 3x3 convolution has stride 1 instead of 2
(it has no pooling), so every level has twice the resolution that its ImageNet weights were trained at, at four times
the cost; scratches of one pixel are still a pixel wide in the finest features.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from cleanplate_training.models.efficientnet_lite import MEAN, STD
from cleanplate_training.models.unet import EncoderName, UNet


class DefectNetwork(nn.Module):
    """Maps pictures to logits of being damaged.

    Args:
        encoder: Name of the encoder.
        widths: Channels of the decoder, finest first.
        pretrained: Start from ImageNet weights.
        recompute: Keep no features of the inner layers for the backward pass but compute them again: crops of 1024 px
            then fit into a third of the memory, for a third more time.
    """

    def __init__(
        self,
        *,
        encoder: EncoderName = "lite0",
        widths: Sequence[int] = (16, 24, 32, 64, 96),
        pretrained: bool = True,
        recompute: bool = False,
    ) -> None:
        super().__init__()
        self.unet = UNet(encoder=encoder, widths=widths, full_resolution=True, pretrained=pretrained)
        self.multiple = self.unet.multiple
        if recompute:
            self._recompute()

    def forward(self, image: Tensor) -> Tensor:
        """Map RGB ``N x 3 x H x W`` in 0..1 to logits ``N x 1 x H x W``; sides are multiples of :attr:`multiple`."""
        logits: Tensor = self.unet((image - MEAN) / STD)
        return logits

    def _recompute(self) -> None:
        # A subclass of Sequential keeps the names of the weights.
        for blocks in (getattr(self.unet.encoder, "stages", None), self.unet.decoder):
            for place, block in enumerate(blocks if isinstance(blocks, nn.ModuleList) else ()):
                assert isinstance(blocks, nn.ModuleList)
                blocks[place] = Recomputed(*block.children())


class Recomputed(nn.Sequential):
    """Layers whose inner features are computed again in the backward pass; batch norm counts each batch once."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layers one after the other."""
        if not (self.training and torch.is_grad_enabled()):
            return cast(Tensor, super().forward(x))  # type: ignore[no-untyped-call]
        answer: Tensor = checkpoint(
            super().forward, x, use_reentrant=False, context_fn=lambda: (nullcontext(), still_statistics(self))
        )
        return answer


@contextmanager
def still_statistics(layers: nn.Module) -> Iterator[None]:
    """Leave the running statistics of batch norm as they are within the block."""
    norms: list[Any] = [layer for layer in layers.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum


class DefectProbability(nn.Module):
    """The exported form: probabilities instead of logits.

    Args:
        network: See :class:`DefectNetwork`.
        flips: Average the answers to the picture and its three mirror images (four times the cost).
    """

    def __init__(self, network: nn.Module, *, flips: bool = False) -> None:
        super().__init__()
        self.network, self.flips = network, flips

    def forward(self, image: Tensor) -> Tensor:
        """Map RGB ``N x 3 x H x W`` in 0..1 to the probability of damage, ``N x 1 x H x W``."""
        total: Tensor = self.network(image).sigmoid()
        if not self.flips:
            return total
        for sides in ((2,), (3,), (2, 3)):
            total = total + self.network(image.flip(sides)).sigmoid().flip(sides)
        return total / 4
