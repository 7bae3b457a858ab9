"""The colour network: from light and a few colour hints to chroma, a U-Net over EfficientNet-lite (arXiv 1505.04597).

Chroma is Cb and Cr of ITU-R BT.601 in full range, as in JPEG, as offsets -0.5..0.5; light is Y in 0..1. Only chroma is
predicted, so the light of the picture is never touched.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cleanplate_training.models.efficientnet_lite import MEAN, STD
from cleanplate_training.models.unet import EncoderName, UNet


class ColourNetwork(nn.Module):
    """Maps light and hints to chroma.

    Args:
        encoder: Name of the encoder.
        widths: Channels of the decoder, finest first.
        pretrained: Start from ImageNet weights; the planes of the hints then start at zero.
    """

    def __init__(
        self,
        *,
        encoder: EncoderName = "lite0",
        widths: Sequence[int] = (24, 32, 48, 96, 128),
        pretrained: bool = True,
    ) -> None:
        super().__init__()
        self.unet = UNet(encoder=encoder, in_channels=6, out_channels=2, widths=widths, pretrained=pretrained)
        nn.init.normal_(self.unet.output.weight, std=0.01)  # grey at first
        self.multiple = self.unet.multiple

    def forward(self, luma: Tensor, hints: Tensor) -> Tensor:
        """Predict chroma.

        Args:
            luma: ``N x 1 x H x W`` in 0..1; sides are multiples of :attr:`multiple`.
            hints: ``N x 3 x H x W``: Cb and Cr offsets in -0.5..0.5 and 1 where they are given, else all 0.

        Returns:
            ``N x 2 x H x W``, Cb and Cr in -0.5..0.5.
        """
        given = hints[:, 2:]
        # Chroma is small: four times as large it is of the size of the other planes.
        seen = torch.cat([((luma - MEAN) / STD).expand(-1, 3, -1, -1), 4 * hints[:, :2] * given, given], dim=1)
        return torch.tanh(self.unet(seen)) / 2


def to_ycc(rgb: Tensor) -> tuple[Tensor, Tensor]:
    """Split RGB ``N x 3 x H x W`` in 0..1 into light ``N x 1 x H x W`` and chroma ``N x 2 x H x W``."""
    red, green, blue = rgb.unbind(dim=1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    chroma = torch.stack([(blue - luma) / 1.772, (red - luma) / 1.402], dim=1)
    return luma.unsqueeze(1), chroma


def to_rgb(luma: Tensor, chroma: Tensor) -> Tensor:
    """Join light and chroma into RGB ``N x 3 x H x W``, unclipped."""
    light, cb, cr = luma[:, 0], chroma[:, 0], chroma[:, 1]
    red, blue = light + 1.402 * cr, light + 1.772 * cb
    return torch.stack([red, (light - 0.299 * red - 0.114 * blue) / 0.587, blue], dim=1)
