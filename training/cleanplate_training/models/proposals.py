"""Region proposal network: where there may be an object at all (Ren et al., arXiv 1506.01497)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate_training.models.anchors import base_anchors, grid_anchors
from cleanplate_training.models.box_coding import clipped, decode
from cleanplate_training.models.suppression import apart, suppressed

PLAIN = (1.0, 1.0, 1.0, 1.0)
"""Weights of the coded offsets of proposals."""
_SMALLEST = 1e-3
"""Boxes with a side below this many pixels are none."""


@dataclass(frozen=True)
class AnchorPlan:
    """The anchors of the pyramid.

    Attributes:
        sizes: Square root of the area on each level, finest first.
        ratios: Height over width.
    """

    sizes: tuple[float, ...] = (32, 64, 128, 256, 512)
    ratios: tuple[float, ...] = (0.5, 1.0, 2.0)


@dataclass(frozen=True)
class ProposalPlan:
    """How many proposals are kept.

    Attributes:
        per_level: Best anchors of each level that are looked at.
        most: Proposals that stay of all of them.
        overlap: Intersection over union above which the worse of two goes.
    """

    per_level: int = 1000
    most: int = 1000
    overlap: float = 0.7


class Guesses(NamedTuple):
    """What the head says of every anchor of a batch.

    Attributes:
        objectness: float32 ``N x A`` logits.
        offsets: float32 ``N x A x 4``, coded with :data:`PLAIN`.
        anchors: float32 ``A x 4``.
        counts: How many of the A anchors each level has.
    """

    objectness: Tensor
    offsets: Tensor
    anchors: Tensor
    counts: tuple[int, ...]


class ProposalHead(nn.Module):
    """A 3x3 filter, then objectness and offsets of each anchor of a cell.

    Args:
        channels: Of the pyramid.
        anchors: Anchors a cell.
        light: Filter each channel alone, then mix by 1x1.
    """

    def __init__(self, channels: int, anchors: int, *, light: bool = False) -> None:
        super().__init__()
        filters = [nn.Conv2d(channels, channels, 3, padding=1, groups=channels)] if light else []
        filters.append(nn.Conv2d(channels, channels, 1 if light else 3, padding=0 if light else 1))
        self.conv = nn.Sequential(nn.Sequential(*filters, nn.ReLU()))
        self.cls_logits = nn.Conv2d(channels, anchors, 1)
        self.bbox_pred = nn.Conv2d(channels, 4 * anchors, 1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                # A depthwise filter has nine inputs only: as small as the others it would silence what follows.
                nn.init.normal_(layer.weight, std=0.2 if layer.groups > 1 else 0.05 if light else 0.01)
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)
        for layer in (self.cls_logits, self.bbox_pred):
            nn.init.normal_(layer.weight, std=0.01)

    def forward(self, levels: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
        """Return for each level ``N x (H W A)`` logits and ``N x (H W A) x 4`` offsets."""
        answers = []
        for level in levels:
            hidden = self.conv(level)
            objectness = self.cls_logits(hidden).permute(0, 2, 3, 1).flatten(1)
            offsets = self.bbox_pred(hidden).permute(0, 2, 3, 1).flatten(1).unflatten(1, (-1, 4))
            answers.append((objectness.float(), offsets.float()))
        return answers


class ProposalNetwork(nn.Module):
    """Anchors, head, and the choice of the best.

    Args:
        channels: Of the pyramid.
        anchors: Which anchors.
        light: See :class:`ProposalHead`.
    """

    def __init__(self, channels: int, anchors: AnchorPlan, *, light: bool = False) -> None:
        super().__init__()
        self.head = ProposalHead(channels, len(anchors.ratios), light=light)
        self.bases = [base_anchors(size, anchors.ratios) for size in anchors.sizes]

    def forward(self, levels: Sequence[Tensor], size: tuple[int, int]) -> Guesses:
        """Judge every anchor.

        Args:
            levels: Of the pyramid, finest first, one for each size of the anchors.
            size: Height and width of the picture.
        """
        answers = self.head(levels)
        anchors = []
        for base, level in zip(self.bases, levels, strict=True):
            rows, columns = level.shape[-2:]
            stride = (size[0] // rows, size[1] // columns)
            anchors.append(grid_anchors(base.to(level.device), (rows, columns), stride))
        return Guesses(
            torch.cat([objectness for objectness, _ in answers], dim=1),
            torch.cat([offsets for _, offsets in answers], dim=1),
            torch.cat(anchors),
            tuple(objectness.shape[1] for objectness, _ in answers),
        )


def chosen(guesses: Guesses, size: tuple[int, int], plan: ProposalPlan) -> list[Tensor]:
    """Return the best proposals of each picture, ``K x 4`` (no gradient): the best of each level, then suppression."""
    answers = []
    with torch.no_grad():
        for objectness, offsets in zip(guesses.objectness, guesses.offsets, strict=True):
            answers.append(_of_picture(objectness, offsets, guesses, size, plan))
    return answers


def _of_picture(
    objectness: Tensor, offsets: Tensor, guesses: Guesses, size: tuple[int, int], plan: ProposalPlan
) -> Tensor:
    scores, boxes, levels, first = [], [], [], 0
    for number, count in enumerate(guesses.counts):
        window = slice(first, first + count)
        # Filled up with nothing, so that the number taken is a constant whatever the size of the picture.
        filled = functional.pad(objectness[window], (0, plan.per_level), value=-1e4)
        best, places = filled.topk(plan.per_level)
        places = places.clamp(max=count - 1)
        boxes.append(decode(offsets[window][places], guesses.anchors[window][places], PLAIN))
        scores.append(torch.where(best > -1e4, best.sigmoid(), -1.0))
        levels.append(torch.full_like(best, number))
        first = first + count
    joined = clipped(torch.cat(boxes), size)
    sides = joined[:, 2:] - joined[:, :2]
    score = torch.where((sides >= _SMALLEST).all(dim=1), torch.cat(scores), -1.0)
    kept = suppressed(apart(joined, torch.cat(levels)), score, plan.overlap, 0.0, plan.most)
    return joined[kept]
