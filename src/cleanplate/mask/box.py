"""Boxes: ``left,top,right,bottom`` in pixels or percent of the upright picture, end exclusive."""

from __future__ import annotations

import numpy as np

from cleanplate.errors import SelectionError
from cleanplate.mask.lengths import parse_length, parse_numbers
from cleanplate.types import Box, Mask


def parse_box(text: str, height: int, width: int, *, name: str = "--box") -> Box:
    """Read a box such as ``1200,800,1500,1900`` or ``10%,20%,30%,60%``; pixels and percent may be mixed.

    Percentages are rounded to the nearest pixel edge. Numbers given in pixels must lie within the picture, so that
    a box meant for another picture (or for the unturned one) is noticed.

    Args:
        text: what the user wrote.
        height: rows of the upright picture.
        width: its columns.
        name: how the message calls the box.

    Raises:
        SelectionError: not four numbers, outside the picture, empty, or turned round (right before left).
    """
    form = "left,top,right,bottom"
    fields = parse_numbers(text, name=name, form=form)
    sides = (width, height, width, height)
    left, top, right, bottom = (
        round(parse_length(field, side, name=name)) for field, side in zip(fields, sides, strict=True)
    )
    if right < left or bottom < top:
        raise SelectionError(f"{text} ends before it starts", subject=name, fix=f"the order is {form}")
    if right == left or bottom == top:
        raise SelectionError(f"{text} is empty", subject=name, fix="right and bottom are exclusive: 10,10,11,11 is 1")
    if left < 0 or top < 0 or right > width or bottom > height:
        raise SelectionError(
            f"{text} leaves the picture", subject=name, fix=f"the upright picture is {width} x {height} pixels"
        )
    return Box(left, top, right, bottom)


def box_mask(box: Box, height: int, width: int) -> Mask:
    """The mask (``height`` x ``width`` bool) of the part of ``box`` that lies in the picture."""
    mask = np.zeros((height, width), dtype=np.bool_)
    mask[box.clipped(height, width).slices] = True
    return mask
