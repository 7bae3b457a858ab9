"""Windows around the parts of a hole, so that cost follows the hole and not the photograph.

A compact part gets one window that shows about as much known ground around it as the part is large, and more where
other holes or excluded areas take that ground away; compact parts that lie near each other share one. A long thin part
(a wire, a scratch, a fence) is cut into pieces of a few times its thickness, filled one after the other, so that it is
worked on at a scale that fits its thickness and not its length.
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
_PIECE = 6
_LEAST_PIECE = 32
_LONGEST_PIECE = 1000
_SPECK = 8
_SPECKS_TOGETHER = 32
_FEW = 150


@dataclass(frozen=True)
class Window:
    """A window and the part of the hole that is filled in it.

    Attributes:
        box: the window in the picture.
        hole: box-sized bool, the part to fill.
        others: box-sized bool, parts of the hole that other windows fill.
    """

    box: Box
    hole: Mask
    others: Mask


Chain = list[Window]
"""Windows to fill one after the other, each knowing what the ones before it filled."""


@dataclass
class _Part:
    """Labels of the coarse hole that are filled together, and the box in the picture around them."""

    labels: list[int]
    box: Box
    of_long: int = 0


def plan_windows(hole: Mask, avoid: Mask | None = None) -> list[Chain]:
    """Divide a hole among windows.

    Args:
        hole: H x W bool, True = fill.
        avoid: H x W bool, no source besides the hole; None for nothing.

    Returns:
        Chains, those with the largest windows first. Chains do not depend on each other. The ``hole`` parts of all
        windows cover the hole exactly once; no chain if nothing is selected.
    """
    around = bounding_box(hole)
    if around is None:
        return []
    coarse, corner = _coarse(hole, around)
    labels, parts = _parts(coarse, corner)
    height, width = hole.shape
    for part in parts:
        part.box = part.box.clipped(height, width)
    chains: dict[int, Chain] = {}
    for number, part in enumerate(_merged(parts, height, width)):
        box = _with_enough_known(part.box, hole, avoid)
        own = _own(labels, part.labels, corner, box) & hole[box.slices]
        window = Window(box, own, hole[box.slices] & ~own)
        chains.setdefault(part.of_long or -1 - number, []).append(window)
    return sorted(chains.values(), key=lambda chain: (-sum(w.box.area for w in chain), chain[0].box))


def _coarse(hole: Mask, around: Box) -> tuple[Mask, tuple[int, int]]:
    """Which cells of a grid the hole touches, within ``around``; and the first cell's row and column."""
    top, left = around.top // _CELL, around.left // _CELL
    part = hole[top * _CELL : around.bottom, left * _CELL : around.right].view(np.uint8)
    padded = cv2.copyMakeBorder(part, 0, -part.shape[0] % _CELL, 0, -part.shape[1] % _CELL, cv2.BORDER_CONSTANT)
    rows = np.bitwise_or.reduce(padded.reshape(padded.shape[0] // _CELL, _CELL, padded.shape[1]), axis=1)
    cells = np.bitwise_or.reduce(rows.reshape(len(rows), padded.shape[1] // _CELL, _CELL), axis=2)
    return cells.astype(np.bool_), (top, left)


def _parts(coarse: Mask, corner: tuple[int, int]) -> tuple[NDArray[np.int32], list[_Part]]:
    """Label the coarse hole; long parts come in pieces, specks of one neighbourhood as one part."""
    near = cv2.dilate(coarse.view(np.uint8), np.ones((3, 3), np.uint8))
    count, found, stats, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    labels = np.where(coarse, found, 0).astype(np.int32)
    parts: list[_Part] = []
    specks: dict[tuple[int, int], _Part] = {}
    following = count
    for label in range(1, count):
        left, top, width, height = (int(stats[label, key]) for key in range(4))
        cells = labels[top : top + height, left : left + width]
        piece = _piece_length(cells == label)
        if max(width, height) > 2 * piece:
            following = _cut(labels, Box(left, top, left + width, top + height), label, piece, following, parts, corner)
            continue
        part = _Part([label], _in_picture(Box(left, top, left + width, top + height), corner))
        if max(width, height) > _SPECK or count <= _FEW:
            parts.append(part)
            continue
        place = (top // _SPECKS_TOGETHER, left // _SPECKS_TOGETHER)
        if place in specks:
            specks[place].labels += part.labels
            specks[place].box = specks[place].box.union(part.box)
        else:
            specks[place] = part
            parts.append(part)
    return labels, parts


def _piece_length(part: Mask) -> int:
    """Longest piece, in cells, that a part of this thickness is worked on in."""
    padded = np.pad(part, 1).view(np.uint8)
    thickness = 2.0 * float(cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_3).max())
    return min(_LONGEST_PIECE, max(_LEAST_PIECE, round(_PIECE * thickness)))


def _cut(
    labels: NDArray[np.int32],
    box: Box,
    label: int,
    piece: int,
    following: int,
    parts: list[_Part],
    corner: tuple[int, int],
) -> int:
    """Cut the part ``label`` on a grid into pieces with labels from ``following`` on; the next free label."""
    for top in range(box.top, box.bottom, piece):
        for left in range(box.left, box.right, piece):
            area = Box(left, top, min(left + piece, box.right), min(top + piece, box.bottom))
            mine = labels[area.slices] == label
            around = bounding_box(mine)
            if around is None:
                continue
            labels[area.slices][mine] = following
            parts.append(_Part([following], _in_picture(around.shifted(left, top), corner), of_long=label))
            following += 1
    return following


def _in_picture(box: Box, corner: tuple[int, int]) -> Box:
    top, left = corner
    moved = box.shifted(left, top)
    return Box(moved.left * _CELL, moved.top * _CELL, moved.right * _CELL, moved.bottom * _CELL)


def _merged(parts: list[_Part], height: int, width: int) -> list[_Part]:
    """Join compact parts whose common window costs about what theirs cost apart."""
    joined = len(parts) <= _FEW
    boxes = np.array([part.box for part in parts], np.int64).reshape(-1, 4)
    compact = np.array([not part.of_long for part in parts], np.bool_)
    while joined:
        joined = False
        place = 0
        while place < len(parts):
            last = len(parts)
            while (other := _mergeable(boxes, compact, place, last, (height, width))) is not None:
                parts[place].labels += parts[other].labels
                parts[place].box = parts[place].box.union(parts[other].box)
                boxes[place] = parts[place].box
                del parts[other]
                boxes, compact = np.delete(boxes, other, axis=0), np.delete(compact, other)
                joined, last = True, other
            place += 1
    return parts


def _mergeable(
    boxes: NDArray[np.int64], compact: NDArray[np.bool_], place: int, last: int, size: tuple[int, int]
) -> int | None:
    """The last part between ``place`` and ``last`` that shares a window with the one at ``place``; None for none."""
    if not compact[place]:
        return None
    mine, others = boxes[place], boxes[place + 1 : last]
    unions = np.concatenate([np.minimum(others[:, :2], mine[:2]), np.maximum(others[:, 2:], mine[2:])], axis=1)
    apart = _window_areas(mine[None], size) + _window_areas(others, size)
    good = np.flatnonzero(compact[place + 1 : last] & (_window_areas(unions, size) <= _MERGE_COST * apart))
    return None if not good.size else place + 1 + int(good[-1])


def _window_areas(boxes: NDArray[np.int64], size: tuple[int, int]) -> NDArray[np.int64]:
    """Areas of the windows (:func:`_window`) of K boxes."""
    longer = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    context = np.maximum(_LEAST_CONTEXT, np.rint(_CONTEXT * longer).astype(np.int64))[:, None]
    sides = np.minimum(boxes[:, 2:] + context, size[::-1]) - np.maximum(boxes[:, :2] - context, 0)
    return np.asarray(sides.prod(axis=1), np.int64)


def _window(part: Box, height: int, width: int, more: float = 1.0) -> Box:
    context = max(_LEAST_CONTEXT, round(_CONTEXT * max(part.width, part.height)))
    return part.grown(round(context * more)).clipped(height, width)


def _with_enough_known(part: Box, hole: Mask, avoid: Mask | None) -> Box:
    """The window of a part, enlarged until enough of it can be a source or it is the whole picture."""
    height, width = hole.shape
    more = 1.0
    while True:
        box = _window(part, height, width, more)
        unknown = hole[box.slices] if avoid is None else hole[box.slices] | avoid[box.slices]
        known = 1.0 - np.count_nonzero(unknown) / box.area
        if known >= _KNOWN_SHARE or _window(part, height, width, more * 1.5) == box:
            return box
        more *= 1.5


def _own(labels: NDArray[np.int32], members: list[int], corner: tuple[int, int], box: Box) -> Mask:
    """Box-sized: True in the cells that belong to ``members``."""
    top, left = box.top // _CELL, box.left // _CELL
    rows, columns = -(-box.bottom // _CELL) - top, -(-box.right // _CELL) - left
    cells = np.zeros((rows, columns), np.bool_)
    down, right = corner[0] - top, corner[1] - left
    part = labels[max(0, -down) : rows - down, max(0, -right) : columns - right]
    mine = np.isin(part, members) if len(members) > 1 else part == members[0]
    into_row, into_column = max(0, down), max(0, right)
    cells[into_row : into_row + mine.shape[0], into_column : into_column + mine.shape[1]] = mine
    full = np.repeat(np.repeat(cells, _CELL, axis=0), _CELL, axis=1)
    y, x = box.top - top * _CELL, box.left - left * _CELL
    return full[y : y + box.height, x : x + box.width]
