"""Spots: discs for blemishes, birds and dust, ``x,y,radius``, right below the pixel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cleanplate.errors import SelectionError
from cleanplate.mask.lengths import parse_length, parse_numbers
from cleanplate.mask.spans import centres_within, fill_spans
from cleanplate.types import Mask


class Spot(NamedTuple):
    """A disc: centre and radius in pixels of the upright picture, continuous coordinates."""

    x: float
    y: float
    radius: float


def parse_spot(text: str, height: int, width: int, *, name: str = "--spot") -> Spot:
    """Read a spot such as ``812,640,14`` or ``40%,25.5%,1%``; a radius in percent is one of the short side.

    Raises:
        SelectionError: not three numbers, a centre outside the picture, or a radius that is not positive.
    """
    fields = parse_numbers(text, name=name, form="x,y,radius")
    sides = (width, height, min(width, height))
    x, y, radius = (parse_length(field, side, name=name) for field, side in zip(fields, sides, strict=True))
    if radius <= 0:
        raise SelectionError(f"{text} has no area", subject=name, fix="give a radius above 0")
    if not (0 <= x <= width and 0 <= y <= height):
        raise SelectionError(
            f"{text} lies outside the picture", subject=name, fix=f"the upright picture is {width} x {height} pixels"
        )
    return Spot(x, y, radius)


def spot_mask(spot: Spot, height: int, width: int) -> Mask:
    """The pixels (``height`` x ``width`` bool) whose centres lie in the disc, and always the one under its centre."""
    x, y, radius = spot
    reach = min(radius, 2.0 * (height + width))
    rows = np.arange(max(0, int(y - reach) - 1), min(height, int(y + reach) + 2), dtype=np.int64)
    squared = reach**2 - (rows + 0.5 - y) ** 2
    rows, squared = rows[squared >= 0], squared[squared >= 0]
    half = np.sqrt(squared)
    mask = fill_spans(rows, *centres_within(x - half, x + half), height, width)
    mask[min(int(y), height - 1), min(int(x), width - 1)] = True
    return mask
