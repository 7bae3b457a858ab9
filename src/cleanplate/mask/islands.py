"""Small unselected islands and slits inside a selection.

What a selection leaves open between an arm and the body, or between two strokes of a brush, is mostly a leftover of
the thing to erase; kept, it would be copied into the hole as if it were background.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.mask.components import Component, components, group_boxes
from cleanplate.types import Box, Mask, check_mask

_SLIT_WIDTH = 0.04
"""Widest slit that is closed, as a share of the side of a square with the part's area."""
_WIDEST_SLIT = 48
_SLIT_WALLS = 0.75
"""Share of a slit's outline that must be selection; less, and it is a bay or a rounded corner."""


_Side = tuple[bool, tuple[slice, slice]]


@dataclass(frozen=True)
class ClosedIslands:
    """A selection without its small islands and slits."""

    mask: Mask
    """The selection with the closed pixels added (H x W bool, a new array)."""
    count: int
    """How many islands and slits were."""
    area: int
    """Pixels that were added."""
    left_open: int
    """Enclosed islands that stay unselected because they are too large, or together too large, to be leftovers."""


def close_islands(mask: Mask, *, limit: float = 0.05, total: float = 0.10) -> ClosedIslands:
    """Select the small unselected places that a selection encloses.

    An *island* is unselected and surrounded by selection (one side of the picture may help). It is closed when it
    has at most ``limit`` of the area of the selection around it, and all such islands together at most ``total`` of
    it: the openings of a fence or a net are many, and deliberate. A *slit* is a gap within one connected part that
    is narrow (4 % of the side of a square of the same area, 48 px at most) and bordered by selection along three
    quarters of its outline. Specks no larger than a slit is wide are always closed.

    Args:
        mask: H x W bool.
        limit: largest island, as a share of the selected area around it.
        total: all islands, as a share of that area.
    """
    check_mask(mask)
    filled, closed, left_open = mask.copy(), 0, 0
    height, width = mask.shape
    for part in components(mask):
        slits, found = _slits(part, mask[part.box.slices])
        filled[part.box.slices] |= slits
        closed += found
    for group in group_boxes(filled):
        box = group.grown(1).clipped(height, width)
        islands, found, kept = _islands(filled[box.slices], _open_sides(box, height, width), limit, total)
        filled[box.slices] |= islands
        closed, left_open = closed + found, left_open + kept
    area = int(np.count_nonzero(filled)) - int(np.count_nonzero(mask))
    return ClosedIslands(filled, closed, area, left_open)


def _slit_width(area: int) -> int:
    return min(_WIDEST_SLIT, max(2, round(_SLIT_WIDTH * math.sqrt(area))))


def _slits(part: Component, mask: Mask) -> tuple[Mask, int]:
    """Gaps narrower than the slit width that a morphological closing of this part fills, and how many.

    ``mask`` is the whole selection in the part's box: a gap that another part fills is none.
    """
    width = _slit_width(part.area)
    if part.area < 16:
        return np.zeros_like(part.mask), 0
    selected = np.pad(part.mask, width).view(np.uint8)
    side = width // 2 * 2 + 1  # odd: an even element would shift what it closes
    element = np.ones((side, side), np.uint8)
    filled = cv2.morphologyEx(selected, cv2.MORPH_CLOSE, element) != selected
    labels, areas = _label_gaps(filled)
    keep = (_walls(labels, areas.size, selected.view(np.bool_)) >= _SLIT_WALLS) & (areas > 0)
    inner = labels[width:-width, width:-width]
    gaps = keep[inner] & ~mask
    return gaps, int(np.unique(inner[gaps]).size)


def _walls(labels: NDArray[np.int32], count: int, selected: Mask) -> NDArray[np.float64]:
    """For each label, the share of its outline (edges between 4-neighbours) that lies against the selection."""
    rows, columns = np.nonzero(labels)
    own = labels[rows, columns]
    wall, outline = np.zeros(count), np.zeros(count)
    for down, right in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        beside = labels[rows + down, columns + right]
        outline += np.bincount(own, beside != own, minlength=count)
        wall += np.bincount(own, selected[rows + down, columns + right], minlength=count)
    return wall / np.maximum(outline, 1.0)


def _islands(mask: Mask, sides: list[_Side], limit: float, total: float) -> tuple[Mask, int, int]:
    """Enclosed places to close in this window, how many, and how many stay open."""
    labels, areas = _label_gaps(~mask)
    enclosed = areas > 0
    touched = np.zeros(areas.size, dtype=np.int64)
    for outer, side in sides:
        at_side = np.unique(labels[side])
        if outer:
            enclosed[at_side] = False
        touched[at_side] += 1
    enclosed &= touched <= 1
    selection = int(np.count_nonzero(mask))
    specks = enclosed & (areas <= _slit_width(selection) ** 2)
    small = enclosed & ~specks & (areas <= limit * selection)
    if areas[small].sum() > total * selection:
        small[:] = False
    close = specks | small
    return close[labels], int(np.count_nonzero(close)), int(np.count_nonzero(enclosed & ~close))


def _open_sides(box: Box, height: int, width: int) -> list[_Side]:
    """The four sides of a window: whether the picture goes on beyond it, and its index into the window."""
    every = slice(None)
    return [
        (box.top > 0, (slice(0, 1), every)),
        (box.bottom < height, (slice(-1, None), every)),
        (box.left > 0, (every, slice(0, 1))),
        (box.right < width, (every, slice(-1, None))),
    ]


def _label_gaps(gaps: Mask) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """4-connected labels of ``gaps`` and their areas; label 0, everything else, gets the area 0."""
    source = np.ascontiguousarray(gaps).view(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(source, connectivity=4, ltype=cv2.CV_32S)
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.int64)
    areas[0] = 0
    return np.asarray(labels, dtype=np.int32), areas
