"""Connected parts of a selection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.mask.bounds import bounding_box
from cleanplate.types import Box, Mask, check_mask

_CELL = 16


class Component(NamedTuple):
    """One connected part."""

    mask: Mask
    """Its pixels, within ``box`` (box.height x box.width bool)."""
    box: Box
    area: int


def components(mask: Mask) -> list[Component]:
    """The 8-connected parts of ``mask`` (H x W bool), in reading order of their groups' boxes.

    Only the neighbourhood of selected pixels is looked at, so that the cost follows the selection, not the picture.
    """
    found = []
    for group, own in _groups(mask, 0):
        labels, boxes, areas = _label(own)
        for number, (box, area) in enumerate(zip(boxes, areas, strict=True), start=1):
            placed = Box(box.left + group.left, box.top + group.top, box.right + group.left, box.bottom + group.top)
            found.append(Component(labels[box.slices] == number, placed, area))
    return found


def group_boxes(mask: Mask, *, gap: int = 0) -> list[Box]:
    """Boxes that together hold every selected pixel of ``mask`` (H x W bool), one for each far-apart group.

    Pixels at most ``gap`` apart in x and y are in the same group; pixels more than ``gap + 32`` apart without others
    between them are not (the mask is looked at in cells of 16 pixels). Each box is tight around its own group.
    Boxes of two groups can overlap, where one reaches around the other; then a box holds pixels of both.
    """
    return [box for box, _ in _groups(mask, gap)]


def _groups(mask: Mask, gap: int) -> Iterator[tuple[Box, Mask]]:
    """The box of each group, and which pixels inside it are the group's own."""
    check_mask(mask)
    whole = bounding_box(mask)
    if whole is None:
        return
    cells = _occupied_cells(mask[whole.slices])
    reach = -(-gap // _CELL)
    joined = cv2.dilate(cells, np.ones((reach + 1, reach + 1), np.uint8)) if reach else cells
    labels, boxes, _ = _label(joined.view(np.bool_))
    for number, box in enumerate(boxes, start=1):
        coarse = Box(*(_CELL * side for side in box)).clipped(whole.height, whole.width)
        cells_own = (labels[box.slices] == number).repeat(_CELL, axis=0).repeat(_CELL, axis=1)
        own = mask[whole.slices][coarse.slices] & cells_own[: coarse.height, : coarse.width]
        tight = bounding_box(own)
        if tight is not None:
            left, top = whole.left + coarse.left, whole.top + coarse.top
            yield Box(tight.left + left, tight.top + top, tight.right + left, tight.bottom + top), own[tight.slices]


def _occupied_cells(mask: Mask) -> NDArray[np.uint8]:
    """1 for each cell of 16 x 16 pixels (less at the end) that holds a selected one."""
    return _any_of_16_rows(_any_of_16_rows(mask).T).T.astype(np.uint8)


def _any_of_16_rows(mask: Mask) -> Mask:
    # logical_or.reduceat says the same in one line, and takes a hundred times as long.
    height, width = mask.shape
    whole = height // _CELL
    rows = [mask[: whole * _CELL].reshape(whole, _CELL, width).any(axis=1)]
    if height % _CELL:
        rows.append(mask[whole * _CELL :].any(axis=0, keepdims=True))
    return np.concatenate(rows)


def _label(mask: Mask) -> tuple[NDArray[np.int32], list[Box], list[int]]:
    """Labels (0 = unselected), and the boxes and areas of labels 1, 2, ..."""
    source = np.ascontiguousarray(mask).view(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(source, connectivity=8, ltype=cv2.CV_32S)
    boxes = [Box(int(x), int(y), int(x + w), int(y + h)) for x, y, w, h, _ in stats[1:]]
    return np.asarray(labels, dtype=np.int32), boxes, [int(area) for area in stats[1:, cv2.CC_STAT_AREA]]
