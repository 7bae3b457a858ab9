"""Further looks for people who are too small or too large in the first one, and joining what all looks found.

The picture as a whole is scaled down to the side that the network takes; who is small there is a handful of cells of
its features. Parts of the picture at a finer scale show him large enough. Who fills the picture may be larger than
anybody that the network learnt from; a look from afar shows him as it knows people.
"""

from __future__ import annotations

from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from cleanplate.detect.network import Detections
from cleanplate.detect.paste import inclusion
from cleanplate.errors import ArgumentError
from cleanplate.types import Box

Look = Literal["once", "closer", "everywhere"]
"""How closely small people are looked for: not at all, where the first look suspects some, or in the whole picture."""


def look_of(text: str) -> Look:
    """Read how closely to look.

    Raises:
        ArgumentError: none of the three.
    """
    if text not in get_args(Look):
        raise ArgumentError(f"is '{text}'", subject="--look", fix=f"choose one of: {', '.join(get_args(Look))}")
    return cast("Look", text)


_FINER = 2.0
_MOST_ENLARGED = 2.0
"""A closer look enlarges small pictures, too: who is twenty pixels tall is found better at forty, however they came."""
_SMALL, _SUSPECTED = 160, 0.05
"""Who is lower than this in what the network saw, and at least so likely, is worth a closer look."""
_MOST_TILES = 4
_OVERLAP = 0.25
_EDGE = 3.0
_SAME_MASK, _INSIDE = 0.5, 0.8
_SAME_BOX, _BARELY_SAME_MASK = 0.75, 0.3


def closer_scale(first: float) -> float:
    """Scale of the closer look at a picture, from that of the first one."""
    return max(first, min(_MOST_ENLARGED, first * _FINER))


def suspected(found: Detections, scale: float) -> NDArray[np.bool_]:
    """Which detections of the first look are small in what the network saw."""
    heights = (found.boxes[:, 3] - found.boxes[:, 1]) * scale
    return np.asarray((heights < _SMALL) & (found.scores >= _SUSPECTED), np.bool_)


def large(found: Detections, scale: float, overview: int) -> NDArray[np.bool_]:
    """Which detections an overview shows better: those that are larger than half of it in what the network saw.

    Args:
        found: in pixels of the picture.
        scale: of the first look at the picture.
        overview: longest side of the picture in the look from afar.
    """
    sides = (found.boxes[:, 2:] - found.boxes[:, :2]).max(axis=1, initial=0.0) * scale
    return np.asarray((sides > overview / 2) & (found.scores >= _SUSPECTED), np.bool_)


def tiles(
    found: Detections, height: int, width: int, *, side: int, first: float, closer: float, look: Look
) -> list[Box]:
    """Parts of the picture to look at more closely, at most as large as the network's side at the scale ``closer``.

    Args:
        found: by the first look.
        height: rows of the picture.
        width: its columns.
        side: longest side of what the network is given.
        first: scale of the first look.
        closer: scale of the second.
        look: ``closer`` for at most four parts, those with most suspects; ``everywhere`` for all.
    """
    reach = round(side / closer)
    grid = [
        Box(left, top, min(width, left + reach), min(height, top + reach))
        for top in _starts(height, reach)
        for left in _starts(width, reach)
    ]
    if look == "everywhere":
        return grid
    small = found.boxes[suspected(found, first)]
    centres = np.asarray((small[:, :2] + small[:, 2:]) / 2, np.float32)
    chosen: list[Box] = []
    while len(centres) and len(chosen) < _MOST_TILES:
        best, seen = _fullest(centres, reach, height, width)
        chosen.append(best)
        centres = centres[~seen]
    return chosen


def _fullest(centres: NDArray[np.float32], reach: int, height: int, width: int) -> tuple[Box, NDArray[np.bool_]]:
    """The part that shows most of the points well inside, and which of them it shows."""
    best: tuple[Box, NDArray[np.bool_]] | None = None
    for x, y in centres:
        near = centres[(np.abs(centres - [x, y]) < reach / 2 * (1 - _OVERLAP)).all(axis=1)]
        middle = (near.min(axis=0) + near.max(axis=0)) / 2
        left = int(np.clip(middle[0] - reach / 2, 0, max(0, width - reach)))
        top = int(np.clip(middle[1] - reach / 2, 0, max(0, height - reach)))
        box = Box(left, top, min(width, left + reach), min(height, top + reach))
        inner = np.array([box.left, box.top]), np.array([box.right, box.bottom])
        seen = np.asarray(((centres >= inner[0]) & (centres <= inner[1])).all(axis=1), np.bool_)
        if best is None or np.count_nonzero(seen) > np.count_nonzero(best[1]):
            best = box, seen
    assert best is not None
    return best


def _starts(length: int, reach: int) -> list[int]:
    if length <= reach:
        return [0]
    count = int(np.ceil((length - reach) / (reach * (1 - _OVERLAP)))) + 1
    return [round(place * (length - reach) / (count - 1)) for place in range(count)]


def of_tile(found: Detections, tile: Box, height: int, width: int) -> Detections:
    """What was found in a tile, in pixels of the picture, without what an inner edge of the tile cuts."""
    cut = np.zeros(len(found), np.bool_)
    cut |= (found.boxes[:, 0] <= _EDGE) & (tile.left > 0)
    cut |= (found.boxes[:, 1] <= _EDGE) & (tile.top > 0)
    cut |= (found.boxes[:, 2] >= tile.width - _EDGE) & (tile.right < width)
    cut |= (found.boxes[:, 3] >= tile.height - _EDGE) & (tile.bottom < height)
    kept = found.chosen(~cut)
    moved = kept.boxes + np.array([tile.left, tile.top, tile.left, tile.top], np.float32)
    return Detections(moved, kept.labels, kept.scores, kept.masks)


def joined(first: Detections, closer: Detections, scale: float) -> Detections:
    """What two looks found, each thing once.

    What the first look saw large (``scale`` is what it saw the picture at) and is sure of stays as it is: a closer look
    sees parts of it, and cannot know that they are parts.
    """
    large = ~suspected(first, scale) & (first.scores >= 0.5)
    trust = np.concatenate([first.scores + large, closer.scores])
    return without_doubles(first.and_also(closer), trust)


def without_doubles(found: Detections, trust: NDArray[np.floating] | None = None) -> Detections:
    """Each thing once, by its most trusted detection (the most likely one where ``trust``, K, is not given).

    Two detections of one label are of one thing if their masks overlap by half (intersection over union), or if nearly
    all of the less trusted one's mask lies in the other's: an arm, a torso. Boxes alone decide only where they are
    nearly the same: those of two people before each other overlap by half as well.
    """
    order = np.argsort(-(found.scores if trust is None else trust), kind="stable")
    kept: list[int] = []
    for place in order:
        if not any(_same(found, int(place), other) for other in kept):
            kept.append(int(place))
    return found.chosen(np.array(kept, np.int64))


def several(seen: Detections, found: Detections) -> NDArray[np.bool_]:
    """Which of ``seen`` lie over two or more of ``found``: from afar, people before each other look like one."""
    both = found.and_also(seen)
    counts = [
        sum(_same(both, place, len(found) + number) for place in range(len(found))) for number in range(len(seen))
    ]
    return np.array(counts, np.int64) >= 2


def _same(found: Detections, place: int, other: int) -> bool:
    """Whether the detection ``place`` is of the thing that the more trusted ``other`` is."""
    if found.labels[place] != found.labels[other]:
        return False
    mine, theirs = found.boxes[place], found.boxes[other]
    common = np.minimum(mine[2:], theirs[2:]) - np.maximum(mine[:2], theirs[:2])
    if (common <= 0).any():
        return False
    inside = inclusion(found.masks[place], mine, found.masks[other], theirs)
    if inside >= _INSIDE:
        return True
    area, area_there = (float((box[2:] - box[:2]).prod()) for box in (mine, theirs))
    boxes = float(common.prod()) / (area + area_there - float(common.prod()))
    size, size_there = (
        box_area * float((found.masks[which] >= 0.5).mean()) for which, box_area in ((place, area), (other, area_there))
    )
    masks = inside * size / max(size + size_there - inside * size, 1e-6)
    return masks >= _SAME_MASK or (boxes >= _SAME_BOX and masks >= _BARELY_SAME_MASK)
