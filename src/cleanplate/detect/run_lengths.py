"""Masks as COCO's compressed run lengths, which pycocotools and annotation tools read.

Runs go down the columns and begin with unselected pixels. From the third run on the difference to the run before the
last is stored; each number is written in groups of five bits, lowest first, with a sixth bit that says whether more
follow, as characters from ``0`` (48) on. Format: the C sources of cocodataset/cocoapi.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArrayError
from cleanplate.types import Box, Mask


def run_lengths(crop: Mask, box: Box, height: int, width: int) -> dict[str, Any]:
    """The run lengths of a mask that is known inside ``box`` and empty elsewhere.

    Args:
        crop: box.height x box.width bool.
        box: within the picture.
        height: rows of the picture.
        width: its columns.

    Returns:
        ``{"size": [height, width], "counts": "..."}``. The cost follows the box, not the picture.
    """
    if crop.shape != (box.height, box.width):
        raise ArrayError(f"is {crop.shape[0]} x {crop.shape[1]}, not as large as its box", subject="mask")
    return {"size": [height, width], "counts": _text(_counts(crop, box, height, width))}


def _counts(crop: Mask, box: Box, height: int, width: int) -> list[int]:
    """Lengths of the runs down the columns of the whole picture."""
    columns = np.zeros((box.width, box.height + 2), np.int8)
    columns[:, 1:-1] = crop.T
    changes = np.diff(columns, axis=1)
    at_column, at_row = np.nonzero(changes)
    # Starts and ends alternate within a column, so all of them alternate.
    places = (at_column + box.left).astype(np.int64) * height + box.top + at_row
    # A run that ends at the foot of a column and one that begins at the head of the next are one run.
    same = places[1:-1:2] == places[2::2]
    keep = np.ones(places.size, np.bool_)
    keep[1:-1:2] &= ~same
    keep[2::2] &= ~same
    edges = np.concatenate([[0], places[keep], [height * width]])
    counts = np.diff(edges)
    if counts.size > 1 and counts[-1] == 0:
        counts = counts[:-1]
    return [int(count) for count in counts]


def _text(counts: list[int]) -> str:
    text: list[str] = []
    for place, count in enumerate(counts):
        value = count - counts[place - 2] if place > 2 else count
        more = True
        while more:
            group = value & 0x1F
            value >>= 5
            # The highest bit of the last group is the sign.
            more = value != -1 if group & 0x10 else value != 0
            text.append(chr(group + (0x20 if more else 0) + 48))
    return "".join(text)


def mask_of(runs: dict[str, Any]) -> NDArray[np.bool_]:
    """The H x W mask of compressed run lengths.

    Raises:
        ArrayError: the lengths do not add up to the size.
    """
    height, width = runs["size"]
    counts = _numbers(runs["counts"])
    if sum(counts) != height * width or min(counts, default=0) < 0:
        raise ArrayError(f"do not add up to {height} x {width}", subject="run lengths")
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape((height, width), order="F")


def _numbers(text: str) -> list[int]:
    counts: list[int] = []
    value = shift = 0
    for character in text:
        group = ord(character) - 48
        value |= (group & 0x1F) << shift
        shift += 5
        if not group & 0x20:
            if group & 0x10:
                value |= -1 << shift
            counts.append(value + counts[-2] if len(counts) > 2 else value)
            value = shift = 0
    return counts
