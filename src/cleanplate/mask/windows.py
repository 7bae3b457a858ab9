"""Windows around the parts of a hole, so that cost follows the hole and not the photograph.

Parts that lie near each other share a window. A window shows about as much known ground around its part as the part
is large, and more where other holes or excluded areas take that ground away.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.mask.bounds import bounding_box
from cleanplate.types import Box, Mask

_CELL = 8
_LEAST_CONTEXT = 48
_CONTEXT = 0.5
_KNOWN_SHARE = 0.45
_MERGE_COST = 1.15
_MOST_PARTS = 96


@dataclass(frozen=True)
class Window:
    """A window and the part of the hole that is filled in it.

    Attributes:
        box: the window in the picture.
        hole: box-sized bool, the part to fill.
        others: box-sized bool, parts of the hole that other windows fill; no source here.
    """

    box: Box
    hole: Mask
    others: Mask


def plan_windows(hole: Mask, avoid: Mask | None = None, *, longest: int = 16_000) -> list[Window]:
    """Divide a hole among windows, largest first.

    Args:
        hole: H x W bool, True = fill.
        avoid: H x W bool, no source besides the hole; None for nothing.
        longest: no window is longer than this; a part that is, is divided.

    Returns:
        Windows whose ``hole`` parts cover the hole exactly once; empty if the hole is.
    """
    around = bounding_box(hole)
    if around is None:
        return []
    coarse = _coarse(hole, around)
    labels, boxes = _parts(coarse, longest // 2 // _CELL)
    height, width = hole.shape
    parts = [
        Box(box.left * _CELL, box.top * _CELL, box.right * _CELL, box.bottom * _CELL)
        for box in (b.shifted(around.left // _CELL, around.top // _CELL) for b in boxes)
    ]
    groups = _merged([part.clipped(height, width) for part in parts], height, width, longest)
    windows = []
    for members, part in groups:
        box = _with_enough_known(part, hole, avoid, longest)
        own = _own(labels, members, around, box) & hole[box.slices]
        windows.append(Window(box, own, hole[box.slices] & ~own))
    return sorted(windows, key=lambda w: (-w.box.area, w.box))


def _coarse(hole: Mask, around: Box) -> Mask:
    """Which cells of a grid aligned with the picture's corner the hole touches, within ``around``."""
    top, left = around.top // _CELL * _CELL, around.left // _CELL * _CELL
    part = hole[top : around.bottom, left : around.right].view(np.uint8)
    padded = cv2.copyMakeBorder(part, 0, -part.shape[0] % _CELL, 0, -part.shape[1] % _CELL, cv2.BORDER_CONSTANT)
    rows = padded.reshape(padded.shape[0] // _CELL, _CELL, padded.shape[1])
    columns = np.bitwise_or.reduce(rows, axis=1).reshape(len(rows), padded.shape[1] // _CELL, _CELL)
    return np.bitwise_or.reduce(columns, axis=2).astype(np.bool_)


def _parts(coarse: Mask, longest: int) -> tuple[NDArray[np.int32], list[Box]]:
    """Label the coarse hole: near cells together, at most ``_MOST_PARTS`` parts, none longer than ``longest``."""
    reach = 3
    while True:
        near = cv2.dilate(coarse.view(np.uint8), np.ones((reach, reach), np.uint8))
        count, labels = cv2.connectedComponents(near, connectivity=8)
        if count - 1 <= _MOST_PARTS:
            break
        reach = reach * 2 + 1
    labels = np.where(coarse, labels, 0).astype(np.int32)
    labels = _divided(labels, longest)
    boxes = []
    for label in range(1, int(labels.max()) + 1):
        around = bounding_box(labels == label)
        boxes.append(around or Box(0, 0, 0, 0))
    return labels, boxes


def _divided(labels: NDArray[np.int32], longest: int) -> NDArray[np.int32]:
    """Cut parts on a grid of ``longest`` cells, if the labelled area is longer than that."""
    rows, columns = labels.shape
    if max(rows, columns) <= longest:
        return labels
    tile = (np.arange(rows) // longest)[:, None] * -(-columns // longest) + (np.arange(columns) // longest)[None, :]
    joint = labels.astype(np.int64) * (int(tile.max()) + 1) + tile
    _, renumbered = np.unique(np.where(labels > 0, joint, -1), return_inverse=True)
    offset = 0 if (labels == 0).any() else 1
    return (renumbered.reshape(labels.shape) + offset).astype(np.int32)


def _merged(parts: list[Box], height: int, width: int, longest: int) -> list[tuple[list[int], Box]]:
    """Join parts whose common window costs about what theirs cost apart."""
    groups = [([label], part) for label, part in enumerate(parts, start=1) if part.area]
    joined = True
    while joined:
        joined = False
        for i, (members, part) in enumerate(groups):
            for j in range(len(groups) - 1, i, -1):
                union = part.union(groups[j][1])
                common = _window(union, height, width)
                apart = _window(part, height, width).area + _window(groups[j][1], height, width).area
                if common.area <= _MERGE_COST * apart and max(common.width, common.height) <= longest:
                    members, part = [*members, *groups[j][0]], union
                    groups[i] = (members, part)
                    del groups[j]
                    joined = True
    return groups


def _window(part: Box, height: int, width: int, more: float = 1.0) -> Box:
    context = max(_LEAST_CONTEXT, round(_CONTEXT * max(part.width, part.height)))
    return part.grown(round(context * more)).clipped(height, width)


def _with_enough_known(part: Box, hole: Mask, avoid: Mask | None, longest: int) -> Box:
    """The window of a part, enlarged until enough of it can be a source or it is the whole picture."""
    height, width = hole.shape
    more = 1.0
    while True:
        box = _window(part, height, width, more)
        unknown = hole[box.slices] if avoid is None else hole[box.slices] | avoid[box.slices]
        known = 1.0 - np.count_nonzero(unknown) / box.area
        following = _window(part, height, width, more * 1.5)
        if known >= _KNOWN_SHARE or following == box or max(following.width, following.height) > longest:
            return box
        more *= 1.5


def _own(labels: NDArray[np.int32], members: list[int], around: Box, box: Box) -> Mask:
    """Box-sized: True in the cells that belong to ``members``."""
    mine = np.isin(labels, members)
    first_row, first_column = around.top // _CELL, around.left // _CELL
    top, left = box.top // _CELL, box.left // _CELL
    rows, columns = -(-box.bottom // _CELL) - top, -(-box.right // _CELL) - left
    cells = np.zeros((rows, columns), np.bool_)
    into_row, into_column = first_row - top, first_column - left
    source_row, source_column = max(0, -into_row), max(0, -into_column)
    into_row, into_column = max(0, into_row), max(0, into_column)
    count_rows = min(rows - into_row, mine.shape[0] - source_row)
    count_columns = min(columns - into_column, mine.shape[1] - source_column)
    cells[into_row : into_row + count_rows, into_column : into_column + count_columns] = mine[
        source_row : source_row + count_rows, source_column : source_column + count_columns
    ]
    full = np.repeat(np.repeat(cells, _CELL, axis=0), _CELL, axis=1)
    y, x = box.top - top * _CELL, box.left - left * _CELL
    return full[y : y + box.height, x : x + box.width]
