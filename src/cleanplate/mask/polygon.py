"""Polygons: ``x,y x,y x,y ...``, filled by the even-odd rule."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import SelectionError
from cleanplate.mask.lengths import parse_length, parse_numbers
from cleanplate.mask.spans import fill_spans
from cleanplate.types import Mask

Points = NDArray[np.float64]
"""Corner points, N x 2 (x, y), in pixels of the upright picture, continuous coordinates."""


def parse_polygon(text: str, height: int, width: int, *, name: str = "--polygon") -> Points:
    """Read corner points separated by spaces or semicolons, such as ``"10,10 200,15 50%,60%"``.

    Raises:
        SelectionError: fewer than three points, a malformed point, or one outside the picture.
    """
    corners = []
    for point in text.replace(";", " ").split():
        x, y = parse_numbers(point, name=name, form="x,y")
        corners.append((parse_length(x, width, name=name), parse_length(y, height, name=name)))
    if len(corners) < 3:
        raise SelectionError(
            f"{text!r} has {len(corners)} points", subject=name, fix='give three or more: "10,10 200,15 120,90"'
        )
    points = np.array(corners, dtype=np.float64)
    if (points < 0).any() or (points > (width, height)).any():
        raise SelectionError(
            f"{text!r} leaves the picture", subject=name, fix=f"the upright picture is {width} x {height} pixels"
        )
    return points


def polygon_mask(points: Points, height: int, width: int) -> Mask:
    """The pixels (``height`` x ``width`` bool) whose centres lie inside; where outlines cross, the even-odd rule holds.

    Each row of pixel centres is cut with every edge that crosses it; sorted, the cuts are pairs of run ends.
    """
    start, end = points, np.roll(points, -1, axis=0)
    rows_of_cuts, cuts = [], []
    for (x0, y0), (x1, y1) in zip(start, end, strict=True):
        low, high = min(y0, y1), max(y0, y1)
        first, last = max(0, int(np.ceil(low - 0.5))), min(height, int(np.ceil(high - 0.5)))
        rows = np.arange(first, last, dtype=np.int64)
        if rows.size:
            rows_of_cuts.append(rows)
            cuts.append(x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0))
    if not rows_of_cuts:
        return np.zeros((height, width), dtype=np.bool_)
    row, cut = np.concatenate(rows_of_cuts), np.concatenate(cuts)
    order = np.lexsort((cut, row))
    row, cut = row[order], cut[order]
    starts = np.ceil(cut[0::2] - 0.5).astype(np.int64)
    ends = np.ceil(cut[1::2] - 0.5).astype(np.int64)
    return fill_spans(row[0::2], starts, ends, height, width)
