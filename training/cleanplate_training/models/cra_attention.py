"""Attention of the generator: scores computed once, then used to move features at every resolution.

Attention computing and attention transfer of Yi et al. 2020 (arXiv 2005.09704, section 3.3). A picture is a grid of
cells of 16 pixels. Each cell looks for known cells that resemble it; what it takes from them is the same mixture at
every resolution, and at full resolution it is the residual of the photograph.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

CELL = 16
"""Side of a cell in pixels of the picture."""
Attention = Literal["soft", "hard"]

_NEVER = -1e9
"""Score of what must not be chosen; finite, so that a picture without any known cell gives no NaN."""


def known_cells(mask: Tensor) -> Tensor:
    """Return which cells hold no hole pixel, ``N x (h * w)`` of 0 and 1, from a mask ``N x 1 x H x W``, 1 = hole."""
    return 1 - functional.max_pool2d(mask, CELL).flatten(1)


def attention_scores(
    features: Tensor, known: Tensor, *, sharpness: float = 10.0, attention: Attention = "soft"
) -> Tensor:
    """Return how much each cell takes from each known cell.

    Args:
        features: One feature vector a cell, ``N x C x h x w``.
        known: ``N x (h * w)``, 1 = the cell may be taken from.
        sharpness: Factor before the softmax.
        attention: ``hard`` takes only the most similar cell; its gradient is that of ``soft``.

    Returns:
        float32 ``N x (h * w) x (h * w)``; rows take, columns give. Each row sums to 1 over the known cells and is zero
        elsewhere (all zero where nothing is known).
    """
    allowed = known.unsqueeze(1)
    similar = fused(cosine_similarity(features.float()))
    scores = torch.softmax(torch.where(allowed > 0, sharpness * similar, _NEVER), dim=2) * allowed
    if attention == "soft":
        return scores
    # Equal best cells share, so that rows still sum to 1.
    best = (scores >= scores.amax(dim=2, keepdim=True)).to(scores.dtype) * allowed
    best = best / best.sum(dim=2, keepdim=True).clamp(min=1)
    return best + scores - scores.detach() if scores.requires_grad else best


def cosine_similarity(features: Tensor) -> Tensor:
    """Return the cosine of the 3x3 patches around every two cells, ``N x h x w x h x w``, from ``N x C x h x w``."""
    _, _, height, width = features.shape
    patches = functional.unfold(features, 3, padding=1)
    patches = patches / patches.square().sum(dim=1, keepdim=True).add(1e-8).sqrt()
    similar = patches.transpose(1, 2) @ patches
    # Not reshape: the exporter would write the sizes of its example into the graph.
    rows: Tensor = similar.unflatten(2, (height, width))  # type: ignore[no-untyped-call]
    grid: Tensor = rows.unflatten(1, (height, width))  # type: ignore[no-untyped-call]
    return grid


def fused(similar: Tensor) -> Tensor:
    """Add the similarity of neighbours at the same offset, first along rows, then along columns.

    So coherent areas win over scattered cells. Neighbours beyond the border count as 0.

    Args:
        similar: ``N x h x w x h x w``.

    Returns:
        ``N x (h * w) x (h * w)``.
    """
    height, width = similar.shape[1:3]
    wide = functional.pad(similar, (1, 1, 0, 0, 1, 1))
    similar = wide[:, :, :-2, :, :-2] + wide[:, :, 1:-1, :, 1:-1] + wide[:, :, 2:, :, 2:]
    high = functional.pad(similar, (0, 0, 1, 1, 0, 0, 1, 1))
    similar = high[:, :-2, :, :-2] + high[:, 1:-1, :, 1:-1] + high[:, 2:, :, 2:]
    return similar.reshape(-1, height * width, height * width)


def transfer(features: Tensor, scores: Tensor, cell: int) -> Tensor:
    """Return features in which every cell is the mixture of known cells that its scores say.

    Args:
        features: ``N x C x H x W``.
        scores: See :func:`attention_scores`.
        cell: Side of a cell at this resolution.
    """
    cells = functional.pixel_unshuffle(features, cell)
    moved = cells.flatten(2) @ scores.to(cells.dtype).transpose(1, 2)
    return functional.pixel_shuffle(moved.reshape(cells.shape), cell)
