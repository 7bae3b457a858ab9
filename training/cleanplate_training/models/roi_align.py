"""ROIAlign (arXiv 1703.06870, section 3): features of boxes, sampled between the cells without rounding.

In an exported graph it is the ONNX operator ``RoiAlign`` in the mode ``output_half_pixel``, which is that of the
published COCO weights: cell ``i`` of a level lies at the coordinate ``i``, not ``i + 0.5``.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

SAMPLES = 2
"""Sampling points across and down each bin."""


def roi_align(levels: Sequence[Tensor], strides: Sequence[int], boxes: Tensor, owners: Tensor, side: int) -> Tensor:
    """Return the features of each box, from the level that fits its size: ``K x C x side x side``.

    Args:
        levels: ``N x C x H_i x W_i``, finest first.
        strides: Pixels a cell of each level.
        boxes: ``K x 4`` in pixels, inside the picture.
        owners: int64 ``K``, which picture of the batch each box is in.
        side: Bins across and down.
    """
    chosen = level_of(boxes, strides) if len(levels) > 1 else torch.zeros_like(owners)
    if torch.onnx.is_in_onnx_export():
        return _as_operator(levels, strides, boxes, owners, chosen, side)
    return _as_table(levels, strides, boxes, owners, chosen, side)


def level_of(boxes: Tensor, strides: Sequence[int]) -> Tensor:
    """Return the level (0 = finest) for boxes ``K x 4``, by the logarithm of their side (arXiv 1612.03144).

    A box of 224 pixels has the level of stride 16.
    """
    sides = ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).clamp(min=0).sqrt()
    level = torch.floor(4 + torch.log2(sides / 224) + 1e-6)
    finest = strides[0].bit_length() - 1
    return (level - finest).clamp(min=0, max=len(strides) - 1).to(torch.int64)


def _as_operator(
    levels: Sequence[Tensor], strides: Sequence[int], boxes: Tensor, owners: Tensor, chosen: Tensor, side: int
) -> Tensor:
    """Every level gives features of all boxes, and each box takes its own: cheaper than sorting the boxes by level."""
    pooled: Tensor | None = None
    for number, (level, stride) in enumerate(zip(levels, strides, strict=True)):
        features = torch.onnx.ops.symbolic(
            "RoiAlign",
            (level, boxes, owners),
            {
                "coordinate_transformation_mode": "output_half_pixel",
                "mode": "avg",
                "output_height": side,
                "output_width": side,
                "sampling_ratio": SAMPLES,
                "spatial_scale": 1 / stride,
            },
            dtype=level.dtype,
            shape=(boxes.shape[0], level.shape[1], side, side),
            version=18,
        )
        pooled = features if pooled is None else torch.where((chosen == number)[:, None, None, None], features, pooled)
    assert pooled is not None
    return pooled


def _as_table(
    levels: Sequence[Tensor], strides: Sequence[int], boxes: Tensor, owners: Tensor, chosen: Tensor, side: int
) -> Tensor:
    """All cells of all levels are rows of one table; each bin is a weighted sum of 16 of them."""
    table = torch.cat([level.permute(0, 2, 3, 1).flatten(0, 2) for level in levels]).float()
    rows = torch.tensor([level.shape[2] for level in levels], device=boxes.device)[chosen]
    columns = torch.tensor([level.shape[3] for level in levels], device=boxes.device)[chosen]
    counts = torch.tensor([len(level) * level.shape[2] * level.shape[3] for level in levels], device=boxes.device)
    first = (counts.cumsum(0) - counts)[chosen] + owners * rows * columns
    scale = (1 / torch.tensor(strides, dtype=torch.float32, device=boxes.device))[chosen]
    left, top, right, bottom = (boxes.float() * scale[:, None]).unbind(-1)
    y0, y1, wy = _corners(top, bottom, rows, side)
    x0, x1, wx = _corners(left, right, columns, side)
    ys, y_weights = torch.stack([y0, y1], -1), torch.stack([1 - wy, wy], -1)  # K x points x 2
    xs, x_weights = torch.stack([x0, x1], -1), torch.stack([1 - wx, wx], -1)
    ys, xs, y_weights, x_weights = (
        part.reshape(len(boxes), side, 2 * SAMPLES) for part in (ys, xs, y_weights, x_weights)
    )
    # Outer combination of 2 x SAMPLES rows and columns for each bin.
    place = ys[:, :, None, :, None] * columns[:, None, None, None, None] + xs[:, None, :, None, :]
    place = place + first[:, None, None, None, None]
    weight = y_weights[:, :, None, :, None] * x_weights[:, None, :, None, :] / SAMPLES**2
    bins = functional.embedding_bag(
        place.flatten(0, 2).flatten(1), table, per_sample_weights=weight.flatten(0, 2).flatten(1), mode="sum"
    )
    return bins.reshape(len(boxes), side, side, table.shape[1]).permute(0, 3, 1, 2)


def _corners(low: Tensor, high: Tensor, cells: Tensor, side: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return cell below, cell above and weight of the one above for each sampling point on one axis: ``K x points``."""
    step = (high - low).clamp(min=1) / (side * SAMPLES)
    middle = torch.arange(side * SAMPLES, device=low.device) + 0.5
    point = (low[:, None] + step[:, None] * middle).clamp(min=0)
    last = (cells - 1)[:, None]
    below = torch.minimum(point.floor().to(torch.int64), last)
    above = torch.minimum(below + 1, last)
    weight = torch.where(below == last, torch.zeros_like(point), point - below)
    return below, above, weight
