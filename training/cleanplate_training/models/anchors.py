"""Anchors: the boxes that a region proposal network starts from (Ren et al., arXiv 1506.01497).

Boxes are float32 ``... x 4``: left, top, right, bottom in pixels of the picture the network sees.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def base_anchors(size: float, ratios: Sequence[float]) -> Tensor:
    """Return the anchors of one level around the origin, rounded to whole pixels: ``len(ratios) x 4``.

    Args:
        size: Square root of their area.
        ratios: Height over width of each.
    """
    shapes = [(size / math.sqrt(ratio), size * math.sqrt(ratio)) for ratio in ratios]
    return torch.tensor([[-width, -height, width, height] for width, height in shapes]).div(2).round()


def grid_anchors(base: Tensor, grid: tuple[int, int], stride: tuple[int, int]) -> Tensor:
    """Return the anchors at every cell of a level: ``(rows * columns * A) x 4``, row by row, cell by cell.

    Args:
        base: ``A x 4``, see :func:`base_anchors`.
        grid: Rows and columns of the level.
        stride: Pixels between two rows and between two columns.
    """
    down = torch.arange(grid[0], dtype=torch.float32, device=base.device) * stride[0]
    across = torch.arange(grid[1], dtype=torch.float32, device=base.device) * stride[1]
    y, x = torch.meshgrid(down, across, indexing="ij")
    shifts = torch.stack([x, y, x, y], dim=-1)
    return (shifts[:, :, None] + base).reshape(-1, 4)
