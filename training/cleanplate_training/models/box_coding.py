"""Boxes as offsets from reference boxes, and back (Girshick et al., arXiv 1311.2524, appendix C)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

Weights = tuple[float, float, float, float]
"""What the offsets of centre x, centre y, width and height are multiplied by."""

_LARGEST = math.log(1000 / 16)
"""Bound of the coded width and height, so that a wild prediction cannot overflow the exponential."""


def encode(boxes: Tensor, references: Tensor, weights: Weights) -> Tensor:
    """Return the offsets ``... x 4`` of boxes from references: shifts in sizes of the reference, log of the scales."""
    x, y, w, h = _centred(boxes)
    rx, ry, rw, rh = _centred(references)
    parts = ((x - rx) / rw, (y - ry) / rh, torch.log(w / rw), torch.log(h / rh))
    return torch.stack([weight * part for weight, part in zip(weights, parts, strict=True)], dim=-1)


def decode(offsets: Tensor, references: Tensor, weights: Weights) -> Tensor:
    """Return the boxes ``... x 4`` that offsets from references mean; undoes :func:`encode`."""
    dx, dy, dw, dh = (part / weight for part, weight in zip(offsets.unbind(-1), weights, strict=True))
    rx, ry, rw, rh = _centred(references)
    x, y = rx + dx * rw, ry + dy * rh
    w, h = rw * dw.clamp(max=_LARGEST).exp() / 2, rh * dh.clamp(max=_LARGEST).exp() / 2
    return torch.stack([x - w, y - h, x + w, y + h], dim=-1)


def clipped(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Return boxes ``... x 4`` cut off at the border of a picture of ``(height, width)``."""
    left, top, right, bottom = boxes.unbind(-1)
    x = [side.clamp(min=0, max=size[1]) for side in (left, right)]
    y = [side.clamp(min=0, max=size[0]) for side in (top, bottom)]
    return torch.stack([x[0], y[0], x[1], y[1]], dim=-1)


def overlaps(boxes: Tensor, others: Tensor) -> Tensor:
    """Return the intersection over union of every box (``N x 4``) with every other (``M x 4``): ``N x M``."""
    shared = _shared(boxes, others)
    return shared / (areas(boxes)[:, None] + areas(others)[None] - shared).clamp(min=1e-9)


def coverage(boxes: Tensor, others: Tensor) -> Tensor:
    """Return how much of each box lies in each of others, ``N x M`` in 0..1."""
    return _shared(boxes, others) / areas(boxes)[:, None].clamp(min=1e-9)


def areas(boxes: Tensor) -> Tensor:
    """Return the areas of boxes ``N x 4``."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def _shared(boxes: Tensor, others: Tensor) -> Tensor:
    low = torch.maximum(boxes[:, None, :2], others[None, :, :2])
    high = torch.minimum(boxes[:, None, 2:], others[None, :, 2:])
    return (high - low).clamp(min=0).prod(dim=-1)


def _centred(boxes: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    left, top, right, bottom = boxes.unbind(-1)
    width, height = right - left, bottom - top
    return left + width / 2, top + height / 2, width, height
