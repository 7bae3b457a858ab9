"""Brush strokes: what a user paints, as JSON, with round caps and joins.

A file holds a list of strokes, applied in order::

    [
      {"points": [[120, 80], [180.5, 95]], "size": 40},
      {"points": [[150, 88]], "size": 12, "hardness": 0.5, "erase": true}
    ]

``points``: one or more ``[x, y]`` in pixels of the upright picture. ``size``: diameter of the brush in pixels.
``hardness`` (0..1, default 1): a soft brush fades from ``hardness`` times its radius outward, and a pixel is selected
where it is at least half covered. ``erase`` (default false): take these pixels out of the selection again.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import SelectionError
from cleanplate.mask.spans import centres_within, fill_spans
from cleanplate.types import Mask


class Stroke(NamedTuple):
    """One stroke of a round brush."""

    points: tuple[tuple[float, float], ...]
    size: float
    hardness: float = 1.0
    erase: bool = False

    @property
    def radius(self) -> float:
        """Distance from the line at which the brush covers a pixel by half."""
        return self.size / 2.0 * (1.0 + self.hardness) / 2.0


def parse_strokes(text: str | bytes, *, name: str = "strokes") -> list[Stroke]:
    """Read the JSON described above.

    Raises:
        SelectionError: not JSON, or a field that is missing, unknown or out of range.
    """
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SelectionError(f"is not JSON ({error})", subject=name) from None
    if not isinstance(items, list):
        raise SelectionError("must be a JSON list of strokes", subject=name)
    return [_stroke(item, f"{name}: stroke {number}") for number, item in enumerate(items, start=1)]


def _stroke(item: Any, name: str) -> Stroke:
    known = "points, size, hardness, erase"
    if not isinstance(item, dict) or not {"points", "size"} <= item.keys():
        raise SelectionError("needs points and size", subject=name)
    unknown = item.keys() - set(known.split(", "))
    if unknown:
        raise SelectionError(f"has an unknown field {min(unknown)!r}", subject=name, fix=f"known are {known}")
    points, size, hardness, erase = item["points"], item["size"], item.get("hardness", 1.0), item.get("erase", False)
    if not isinstance(points, list) or not points or not all(_is_point(point) for point in points):
        raise SelectionError("points must be a list of [x, y]", subject=name)
    if not _is_number(size) or size <= 0:
        raise SelectionError("size must be a number above 0 (pixels)", subject=name)
    if not _is_number(hardness) or not 0 <= hardness <= 1:
        raise SelectionError("hardness must lie within 0..1", subject=name)
    if not isinstance(erase, bool):
        raise SelectionError("erase must be true or false", subject=name)
    return Stroke(tuple((float(x), float(y)) for x, y in points), float(size), float(hardness), erase)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9 and math.isfinite(value)


def _is_point(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_is_number(part) for part in value)


def strokes_mask(strokes: Iterable[Stroke], height: int, width: int) -> Mask:
    """The selection (``height`` x ``width`` bool) that the strokes leave, painted in order."""
    mask = np.zeros((height, width), dtype=np.bool_)
    for stroke in strokes:
        painted = _stroke_mask(stroke, height, width)
        mask = mask & ~painted if stroke.erase else mask | painted
    return mask


_POINT = 1e-9
"""Pixels; a piece of a stroke that is no longer than this is a point."""


def _stroke_mask(stroke: Stroke, height: int, width: int) -> Mask:
    points = np.array(stroke.points, dtype=np.float64)
    if len(points) == 1:
        points = np.repeat(points, 2, axis=0)
    spans = [_capsule(a, b, stroke.radius, height) for a, b in itertools.pairwise(points)]
    rows, low, high = (np.concatenate(parts) for parts in zip(*spans, strict=True))
    return fill_spans(rows, *centres_within(low, high), height, width)


def _capsule(
    a: NDArray[np.float64], b: NDArray[np.float64], radius: float, height: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Rows and the interval of x of all points within ``radius`` of the segment from ``a`` to ``b``.

    A capsule is convex, so each row cuts it in one interval: the hull of the cuts of its two discs and its rectangle.
    """
    first = max(0, int(np.floor(min(a[1], b[1]) - radius)))
    last = min(height, int(np.ceil(max(a[1], b[1]) + radius)) + 1)
    rows = np.arange(first, last, dtype=np.int64)
    y = rows + 0.5
    low, high = np.full(rows.shape, np.inf), np.full(rows.shape, -np.inf)
    for centre in (a, b):
        half = np.sqrt(np.maximum(radius**2 - (y - centre[1]) ** 2, 0.0))
        touched = np.abs(y - centre[1]) <= radius
        low = np.where(touched, np.minimum(low, centre[0] - half), low)
        high = np.where(touched, np.maximum(high, centre[0] + half), high)
    along = b - a
    length = float(np.hypot(*along))
    if length > _POINT:
        normal = np.array([-along[1], along[0]]) * (radius / length)
        corners = (a + normal, b + normal, b - normal, a - normal)
        for (x0, y0), (x1, y1) in zip(corners, (*corners[1:], corners[0]), strict=True):
            if y0 != y1:
                touched = (y >= min(y0, y1)) & (y <= max(y0, y1))
                # A share of the edge, within 0..1, where its slope might be without bounds.
                cut = x0 + (y[touched] - y0) / (y1 - y0) * (x1 - x0)
                low[touched] = np.minimum(low[touched], cut)
                high[touched] = np.maximum(high[touched], cut)
    hit = low <= high
    return rows[hit], low[hit], high[hit]
