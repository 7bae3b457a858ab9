"""The generator of contextual residual aggregation (Yi et al., CVPR 2020, arXiv 2005.09704).

A coarse network fills the hole at half resolution; its answer, pasted into the hole, is the input of the refining
network, which computes attention on features of an eighth of the resolution and moves known features into the hole at
three resolutions. Widths and dilations follow the layout that its authors published; the shortcuts around groups of
dilated layers are an addition (no weights, faster learning) and can be switched off.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate_training.models.cra_attention import CELL, Attention, attention_scores, known_cells, transfer
from cleanplate_training.models.gated_conv import Gate, GatedConv, GatedUp

COARSE_DILATIONS = ((1, 1, 1), (1, 1, 1), (2, 2, 2, 2, 2), (4, 4, 4, 4), (8, 8), (1, 1, 1))
REFINE_DILATIONS = ((1,), (2, 4), (8, 16))
"""Dilations of the layers in the middle of the two networks, group by group."""

Dilations = Sequence[Sequence[int]]


class CraGenerator(nn.Module):
    """Both networks.

    Args:
        width: Channels at the finest resolution; 32 gives 2.7 million weights.
        coarse_gate: Form of the coarse network's gates.
        refine_gate: Form of the refining network's gates.
        attention: ``soft`` mixes known cells, ``hard`` takes the most similar one.
        shortcuts: Add the input of each group of dilated layers to its output.
        coarse_dilations: Groups of layers in the middle of the coarse network.
        refine_dilations: Likewise of the refining network.

    Attributes:
        multiple: Sides of the input must be multiples of this.
    """

    multiple = 2 * CELL

    def __init__(
        self,
        *,
        width: int = 32,
        coarse_gate: Gate = "single",
        refine_gate: Gate = "separable",
        attention: Attention = "soft",
        shortcuts: bool = True,
        coarse_dilations: Dilations = COARSE_DILATIONS,
        refine_dilations: Dilations = REFINE_DILATIONS,
    ) -> None:
        super().__init__()
        self.coarse = Coarse(width, coarse_dilations, gate=coarse_gate, shortcuts=shortcuts)
        self.refine = Refine(width, refine_dilations, gate=refine_gate, attention=attention, shortcuts=shortcuts)

    def forward(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Complete a picture.

        Args:
            image: ``N x 3 x H x W`` in 0..1; what lies under the hole is not looked at.
            mask: ``N x 1 x H x W``, 1 = hole, else 0.

        Returns:
            The coarse answer at half resolution and the fine one, ``N x 3``, about 0..1 (not clipped, as training
            needs it), and the scores (see :func:`~.cra_attention.attention_scores`).
        """
        hole = mask > 0.5
        known = torch.where(hole, 0.0, 2 * image - 1)
        mask = hole.to(image.dtype)
        coarse = self.coarse(*halved(known, mask))
        guess = functional.interpolate(coarse, scale_factor=2.0, mode="bilinear", align_corners=False)
        fine, scores = self.refine(torch.where(hole, guess, known), mask)
        return (coarse + 1) / 2, (fine + 1) / 2, scores


class Coarse(nn.Module):
    """Single-channel gates by default; down to a quarter of its input, dilations 1, 2, 4 and 8, and up again.

    Args:
        width: Channels at the finest resolution.
        dilations: See :class:`CraGenerator`.
        gate: Form of the gates.
        shortcuts: See :class:`CraGenerator`.
    """

    def __init__(self, width: int, dilations: Dilations, *, gate: Gate, shortcuts: bool) -> None:
        super().__init__()
        self.down = nn.Sequential(
            GatedConv(4, width, 5, stride=2, gate=gate),
            GatedConv(width, width, gate=gate),
            GatedConv(width, 2 * width, stride=2, gate=gate),
        )
        groups = [Group(2 * width, group, gate=gate, shortcut=shortcuts) for group in dilations]
        self.middle = nn.Sequential(*groups)
        self.up = nn.Sequential(
            GatedUp(2 * width, width, gate=gate),
            GatedConv(width, width, gate=gate),
            GatedUp(width, 3, gate=gate, elu=False),
        )

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        """Return ``N x 3 x H x W``, about -1..1, of a picture in -1..1 that is 0 in the hole, and its mask."""
        answer: Tensor = self.up(self.middle(self.down(torch.cat([image, mask], dim=1))))
        return answer


class Refine(nn.Module):
    """Depth-separable gates by default; attention on features of an eighth of the resolution.

    Args:
        width: Channels at half resolution; twice and four times as many at a quarter and an eighth.
        dilations: See :class:`CraGenerator`.
        gate: Form of the gates.
        attention: See :class:`CraGenerator`.
        shortcuts: See :class:`CraGenerator`.
    """

    def __init__(self, width: int, dilations: Dilations, *, gate: Gate, attention: Attention, shortcuts: bool) -> None:
        super().__init__()
        half, quarter, eighth = width, 2 * width, 4 * width
        self.attention: Attention = attention
        self.down_half = _down(4, half, gate=gate)
        self.down_quarter = _down(half, quarter, gate=gate)
        self.down_eighth = _down(quarter, eighth, gate=gate)
        groups = [Group(eighth, group, gate=gate, shortcut=shortcuts) for group in dilations]
        self.middle = nn.Sequential(*groups)
        self.moved_eighth = GatedConv(eighth, eighth, gate=gate)
        self.moved_quarter = _moved(quarter, gate=gate)
        self.moved_half = _moved(half, gate=gate)
        self.join = GatedConv(2 * eighth, eighth, gate=gate)
        self.up_quarter = nn.Sequential(GatedUp(eighth, quarter, gate=gate), GatedConv(quarter, quarter, gate=gate))
        self.up_half = nn.Sequential(GatedUp(2 * quarter, half, gate=gate), GatedConv(half, half, gate=gate))
        self.up_full = GatedUp(2 * half, 3, gate=gate, elu=False)

    def forward(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Refine a picture in -1..1 whose hole is filled; return the fine one, about -1..1, and the scores."""
        at_half = self.down_half(torch.cat([image, mask], dim=1))
        at_quarter = self.down_quarter(at_half)
        at_eighth = self.middle(self.down_eighth(at_quarter))
        scores = attention_scores(functional.avg_pool2d(at_eighth, 2), known_cells(mask), attention=self.attention)
        moved = self.moved_eighth(transfer(at_eighth, scores, CELL // 8))
        x = self.up_quarter(self.join(torch.cat([at_eighth, moved], dim=1)))
        moved = self.moved_quarter(transfer(at_quarter, scores, CELL // 4))
        x = self.up_half(torch.cat([moved, x], dim=1))
        moved = self.moved_half(transfer(at_half, scores, CELL // 2))
        return self.up_full(torch.cat([moved, x], dim=1)), scores


class Group(nn.Sequential):
    """Gated layers of one width, one after the other, with a shortcut around them if wanted.

    Args:
        channels: Width.
        dilations: One layer each.
        gate: Form of the gates.
        shortcut: Add the input to the output.
    """

    def __init__(self, channels: int, dilations: Sequence[int], *, gate: Gate, shortcut: bool) -> None:
        super().__init__(*(GatedConv(channels, channels, dilation=dilation, gate=gate) for dilation in dilations))
        self.shortcut = shortcut
        if shortcut:
            # Sums would grow from group to group.
            last = self[-1]
            assert isinstance(last, GatedConv)
            with torch.no_grad():
                last.feature.weight.mul_(0.3)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``N x channels x H x W`` to the same shape."""
        y: Tensor = super().forward(x)  # type: ignore[no-untyped-call]
        return x + y if self.shortcut else y


def halved(image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return picture and mask at half size; where a hole pixel is touched, the picture is 0 and the mask 1."""
    smaller = functional.max_pool2d(mask, 2)
    return functional.avg_pool2d(image, 2) * (1 - smaller), smaller


def _down(in_channels: int, out_channels: int, *, gate: Gate) -> nn.Sequential:
    return nn.Sequential(
        GatedConv(in_channels, out_channels, stride=2, gate=gate), GatedConv(out_channels, out_channels, gate=gate)
    )


def _moved(channels: int, *, gate: Gate) -> nn.Sequential:
    """The layers that smooth what attention moved cell by cell."""
    return nn.Sequential(GatedConv(channels, channels, gate=gate), GatedConv(channels, channels, dilation=2, gate=gate))
